export type * from './contract.ts';
export { eventFilter } from './event-filter.ts';
export { createEvents } from './events.ts';
export { legacyFields } from './legacy-fields.ts';

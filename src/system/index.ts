export type * from './contract.ts';
export { createSystem } from './create-system.ts';
export type { EngineFacts, SystemNeeds } from './needs.ts';

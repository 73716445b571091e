export type * from './contract.ts';
export { createLogs } from './logs.ts';

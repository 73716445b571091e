export type * from './contract.ts';
export { createRuntime } from './create-runtime.ts';
export type { RuntimeNeeds } from './needs.ts';

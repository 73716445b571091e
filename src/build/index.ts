export type * from './contract.ts';
export type * from './dockerfile/contract.ts';

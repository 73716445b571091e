export type * from './content/contract.ts';
export type * from './layers/contract.ts';
export type * from './metadata/contract.ts';
export type * from './snapshots/contract.ts';

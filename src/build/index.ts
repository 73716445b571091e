export { createBuilder } from './builder.ts';
export { type ClassicMessage, type ClassicOptions, type ClassicOutput, createClassicOutput } from './classic-output.ts';
export type * from './contract.ts';
export * from './dockerfile/index.ts';
export type { BuilderNeeds } from './needs.ts';

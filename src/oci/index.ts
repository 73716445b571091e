export * from './chain-id.ts';
export * from './descriptor.ts';
export * from './digest.ts';
export * from './image-config.ts';
export * from './reference.ts';
export type * from './runtime-spec.ts';

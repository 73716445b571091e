export { createContentStore } from './content/content-store.ts';
export type * from './content/contract.ts';
export type * from './layers/contract.ts';
export { createLayers } from './layers/layers.ts';
export type * from './metadata/contract.ts';
export { openMetadata } from './metadata/metadata.ts';
export type * from './snapshots/contract.ts';
export { parseSnapshotKey } from './snapshots/key.ts';
export { createSnapshots } from './snapshots/snapshots.ts';

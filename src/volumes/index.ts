export type * from './contract.ts';
export type { VolumeNeeds } from './needs.ts';
export { createVolumes } from './volumes.ts';

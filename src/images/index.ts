export type * from './contract.ts';
export { createImages } from './images.ts';
export type { ContainerUse, ImageNeeds } from './needs.ts';

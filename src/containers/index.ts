export type * from './contract.ts';
export { type ContainersRoom, createContainers } from './create-containers.ts';
export type { ContainersConfig, ContainersNeeds } from './needs.ts';

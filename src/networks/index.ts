export type * from './contract.ts';
export { createNetworks } from './create-networks.ts';
export type { NetworksConfig, NetworksNeeds } from './needs.ts';

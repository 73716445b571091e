import type { Events } from '../events/index.ts';
import type { Metadata } from '../store/index.ts';

export interface NetworksConfig {
  /** Where a new network's subnet comes from, in order. Default: Docker's own (172.17–31/16, then 192.168.x/20). */
  defaultAddressPools?: { base: string; size: number }[];
  /** `ADDRESS/PREFIX` of the default bridge: chooses its subnet. */
  bip?: string;
  /** The default bridge's device. One daemon per name: two that share it sweep each other's links away. */
  bridgeName?: string;
  /** false: no firewall rules at all; published ports are served by the proxies alone, and nothing masquerades. */
  iptables?: boolean;
  /** What `host-gateway` stands for in extra hosts; the default bridge's gateway if absent. */
  hostGatewayIp?: string;
  /** Read instead of /etc/resolv.conf. */
  resolvConfPath?: string;
}

export interface NetworksNeeds {
  execRoot: string;
  metadata: Metadata;
  events: Pick<Events, 'publish'>;
  /** Milliseconds since 1970. */
  now(): number;
  config: NetworksConfig;
  /** What an operator should know but nobody waits for. */
  warn?(message: string): void;
}

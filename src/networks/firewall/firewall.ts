import { readFileSync, writeFileSync } from 'node:fs';
import { forgetUdpFlows, type Nftables } from '../../host/index.ts';
import { findForeignChains, renderAccepts, renderRemovals } from './foreign-forward.ts';
import {
  ANY_ADDRESS_MAP,
  type BridgeRules,
  FORWARDING_COMMENT,
  ONE_ADDRESS_MAP,
  type PortRule,
  renderPorts,
  renderTable,
} from './ruleset.ts';

const IP_FORWARD = '/proc/sys/net/ipv4/ip_forward';

/** Our table in the kernel. Every change is one atomic transaction. */
export interface Firewall {
  /** Makes the static rules what they should be, whatever is there; ports stay. Idempotent. */
  ensure(bridges: readonly BridgeRules[]): void;
  /** Puts our accept rules into other people's dropping forward chains, where missing. Idempotent, cheap. */
  ensureForeign(device: string): void;
  addPorts(ports: readonly PortRule[]): void;
  deletePorts(ports: readonly PortRule[]): void;
  /** Removes every port rule that is not in `keep`. */
  sweepPorts(keep: readonly PortRule[]): void;
  /** Takes away the table and everything of ours elsewhere. */
  remove(device: string): void;
}

/** Does nothing: `iptables: false`. */
export const noFirewall: Firewall = {
  ensure: () => enableForwarding(),
  ensureForeign: () => {},
  addPorts: () => {},
  deletePorts: () => {},
  sweepPorts: () => {},
  remove: () => {},
};

export function createFirewall(nft: Nftables, table: string): Firewall {
  const ports = (): PortRule[] =>
    [ANY_ADDRESS_MAP, ONE_ADDRESS_MAP].flatMap((map) =>
      nft.query(`list map inet ${table} ${map}`).nftables.flatMap((each) => ('map' in each ? readPorts(each.map) : [])),
    );

  return {
    ensure(bridges) {
      const didEnableForwarding = enableForwarding() || hadForwardingRule(nft, table);
      nft.run(renderTable(table, bridges, { didEnableForwarding }));
    },
    ensureForeign(device) {
      // One transaction per chain: a table that its owner has locked must not keep us out of the others.
      const failures: unknown[] = [];
      for (const chain of findForeignChains(nft, table, device)) {
        try {
          const accepts = renderAccepts([chain], device);
          if (accepts !== '') nft.run(accepts);
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
    },
    addPorts(rules) {
      if (rules.length === 0) return;
      nft.run(renderPorts('add', table, rules));
      forgetFlows(rules);
    },
    deletePorts(rules) {
      if (rules.length === 0) return;
      nft.run(renderPorts('delete', table, rules));
      forgetFlows(rules);
    },
    sweepPorts(keep) {
      const kept = new Set(keep.map(idOf));
      const orphans = ports().filter((port) => !kept.has(idOf(port)));
      if (orphans.length > 0) nft.run(renderPorts('delete', table, orphans));
    },
    remove(device) {
      const foreign = renderRemovals(findForeignChains(nft, table, device));
      nft.run(`${foreign}add table inet ${table}\ndelete table inet ${table}\n`);
    },
  };
}

/** TCP starts anew by itself. A kernel without the filter (before 5.8) keeps its flows for half a minute. */
function forgetFlows(rules: readonly PortRule[]): void {
  for (const { protocol, hostPort } of rules) {
    if (protocol !== 'udp') continue;
    try {
      forgetUdpFlows(hostPort);
    } catch {
      return;
    }
  }
}

const idOf = (port: PortRule): string => Object.values(port).join(' ');

/** True when this call turned forwarding on. */
function enableForwarding(): boolean {
  if (readFileSync(IP_FORWARD, 'utf8').trim() === '1') return false;
  writeFileSync(IP_FORWARD, '1');
  return true;
}

/** Did an earlier daemon turn forwarding on? Its rule says so. */
function hadForwardingRule(nft: Nftables, table: string): boolean {
  try {
    return JSON.stringify(nft.query(`list chain inet ${table} forward`)).includes(FORWARDING_COMMENT);
  } catch {
    return false;
  }
}

/** The elements of a port map, as nft's JSON lists them: `[{concat: […]}, {concat: […]}]`. */
function readPorts(map: unknown): PortRule[] {
  const elements = (map as { elem?: [{ concat: unknown[] }, { concat: unknown[] }][] }).elem ?? [];
  return elements.flatMap(([from, to]): PortRule[] => {
    const [hostPort, protocol, hostIp] = from.concat.toReversed();
    const [containerIp, containerPort] = to.concat;
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    return [
      {
        protocol,
        hostIp: hostIp === undefined ? undefined : String(hostIp),
        hostPort: Number(hostPort),
        containerIp: String(containerIp),
        containerPort: Number(containerPort),
      },
    ];
  });
}

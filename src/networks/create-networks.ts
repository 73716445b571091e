import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Network, NetworkContainer } from '../api/index.ts';
import { Netlink, openNftables } from '../host/index.ts';
import { unwind } from '../lib/index.ts';
import type { Networks } from './contract.ts';
import { toNetwork } from './describe.ts';
import { Bridge, hostSubnets } from './drivers/bridge.ts';
import { predefinedNetwork, userNetworksMissing } from './errors.ts';
import { networkFilter } from './filter.ts';
import { createFirewall, type Firewall, noFirewall } from './firewall/firewall.ts';
import { assertDeviceName } from './firewall/ruleset.ts';
import { AddressPool } from './ipam/address-pool.ts';
import { parseCidr, parseIpv4 } from './ipam/subnet.ts';
import { loadPredefined } from './load-predefined.ts';
import type { NetworksNeeds } from './needs.ts';
import { NetworkList } from './network-list.ts';
import type { LiveSandbox } from './sandbox.ts';
import { createSandboxes } from './sandboxes.ts';

const FOREIGN_CHECK_MS = 5000;
const DEFAULT_DEVICE = 'berth0';

/** Makes the default bridge and the firewall table, or takes over an earlier daemon's. @throws system when the host cannot */
export async function createNetworks(needs: NetworksNeeds): Promise<Networks> {
  const { config, execRoot } = needs;
  const device = assertDeviceName(config.bridgeName ?? DEFAULT_DEVICE);
  const netnsDir = join(execRoot, 'netns');
  mkdirSync(netnsDir, { recursive: true, mode: 0o755 });
  const netlink = new Netlink();
  const { bridge: record, host, none } = await loadPredefined(needs, hostSubnets(netlink, device));
  const bridge = new Bridge({ device, subnet: record.subnet, gateway: record.gateway }, netlink);
  bridge.ensure();
  const { firewall, closeFirewall } = openFirewall(device, config.iptables !== false);
  firewall.ensure([bridge.config]);

  let foreignCheckedAt = needs.now();
  const ensureForeign = (): void => {
    try {
      firewall.ensureForeign(device);
    } catch (error) {
      needs.warn?.(`networks: forward rules: ${String(error)}`);
    }
  };
  ensureForeign();

  /** Another engine may have set its forward policy to drop since; looked at after the answer is out. */
  const recheckForeign = (): void => {
    if (needs.now() - foreignCheckedAt < FOREIGN_CHECK_MS) return;
    foreignCheckedAt = needs.now();
    setImmediate(ensureForeign);
  };

  const networks = new NetworkList([record, host, none]);
  const pool = newPool(record);
  const sandboxes = createSandboxes({ needs, netnsDir, networks, bridge, pool, firewall, afterOpen: recheckForeign });

  return {
    open: sandboxes.open,
    close: sandboxes.close,
    restore: sandboxes.restore,
    sweep: sandboxes.sweep,

    async list(filters) {
      return networks
        .all()
        .filter(networkFilter(filters))
        .map((record): Network => toNetwork(record, device, {}));
    },

    async inspect(nameOrId) {
      const record = networks.get(nameOrId);
      const members = [...sandboxes.live.values()].filter(({ network }) => network.id === record.id);
      return toNetwork(record, device, Object.fromEntries(members.map((each) => [each.id, toMember(each)])));
    },

    find(nameOrId) {
      const record = networks.find(nameOrId);
      return record && { name: record.name, id: record.id };
    },

    rename(id, name) {
      const sandbox = sandboxes.live.get(id);
      if (sandbox !== undefined) sandbox.name = name.replace(/^\//, '');
    },

    async create() {
      throw userNetworksMissing('network create');
    },

    async remove(nameOrId) {
      throw predefinedNetwork(networks.get(nameOrId).name);
    },

    async shutdown() {
      const all = [...sandboxes.live.values()];
      await unwind([
        () => netlink[Symbol.dispose](),
        closeFirewall,
        ...(all.some(({ endpoint }) => endpoint !== undefined)
          ? []
          : [() => bridge.remove(), () => firewall.remove(device)]),
        ...all.map(
          ({ published }) =>
            () =>
              published.leave(),
        ),
      ]);
    },
  };
}

function openFirewall(device: string, isWanted: boolean): { firewall: Firewall; closeFirewall: () => void } {
  if (!isWanted) return { firewall: noFirewall, closeFirewall: () => {} };
  const nft = openNftables();
  const table = device === DEFAULT_DEVICE ? 'berth' : `berth-${device}`;
  return { firewall: createFirewall(nft, table), closeFirewall: () => nft.close() };
}

function newPool({ subnet, gateway }: { subnet: string; gateway: string }): AddressPool {
  const parsed = parseCidr(subnet);
  const own = parseIpv4(gateway);
  if (parsed === undefined || own === undefined) throw new RangeError(`not a subnet and gateway: ${subnet} ${gateway}`);
  return new AddressPool(parsed.subnet, own);
}

const toMember = ({ name, settings }: LiveSandbox): NetworkContainer => ({
  Name: name,
  EndpointID: settings.EndpointID,
  MacAddress: settings.MacAddress,
  IPv4Address: settings.IPAddress === '' ? '' : `${settings.IPAddress}/${settings.IPPrefixLen}`,
  IPv6Address: '',
});

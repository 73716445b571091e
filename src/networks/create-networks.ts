import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Network, NetworkContainer } from '../api/index.ts';
import { conflict, invalidParameter, isEngineError } from '../errors/index.ts';
import { createNetworkNamespace, Netlink, openNftables, removeNetworkNamespace } from '../host/index.ts';
import { Rollback, unwind } from '../lib/index.ts';
import type { Networks, Sandbox, SandboxRequest } from './contract.ts';
import { toEndpointSettings, toNetwork } from './describe.ts';
import { Bridge, type BridgeEndpoint, hostSubnets, macOf, setLoopbackUp, vethName } from './drivers/bridge.ts';
import { noSuchNetwork, predefinedNetwork, userNetworksMissing, withPrefix } from './errors.ts';
import { networkFilter } from './filter.ts';
import { createFirewall, type Firewall, noFirewall } from './firewall/firewall.ts';
import { assertDeviceName } from './firewall/ruleset.ts';
import { AddressPool } from './ipam/address-pool.ts';
import { parseCidr, parseIpv4 } from './ipam/subnet.ts';
import { loadPredefined } from './load-predefined.ts';
import type { NetworksNeeds } from './needs.ts';
import { PortAllocator } from './publish/port-allocator.ts';
import { type Published, publish, rulesAlone, rulesOf } from './publish/publish.ts';
import { wantedPorts } from './publish/wanted-ports.ts';
import type { NetworkRecord } from './record.ts';
import { checkRequest, endpointOf, type LiveSandbox, linkEntries, macOfRequest, sandboxFiles } from './sandbox.ts';

const REAP_AFTER_MS = 3000;
const FOREIGN_CHECK_MS = 5000;
const DEFAULT_DEVICE = 'berth0';

/** Makes the default bridge and the firewall table, or takes over an earlier daemon's. @throws system when the host cannot */
export async function createNetworks(needs: NetworksNeeds): Promise<Networks> {
  const { config, execRoot, events } = needs;
  const device = assertDeviceName(config.bridgeName ?? DEFAULT_DEVICE);
  const netnsDir = join(execRoot, 'netns');
  mkdirSync(netnsDir, { recursive: true, mode: 0o755 });
  const netlink = new Netlink();
  const records = await loadPredefined(needs, hostSubnets(netlink, device));
  const bridgeRecord = records.bridge;
  const bridge = new Bridge({ device, subnet: bridgeRecord.subnet, gateway: bridgeRecord.gateway }, netlink);
  bridge.ensure();
  const { firewall, closeFirewall } = openFirewall(device, config.iptables !== false);
  firewall.ensure([bridge.config]);
  let foreignCheckedAt = needs.now();
  const pool = newPool(bridgeRecord);
  const allocator = new PortAllocator();
  const hasIpv6 = existsSync('/proc/net/if_inet6') && readFileSync('/proc/net/if_inet6', 'utf8') !== '';
  const networks: NetworkRecord[] = [bridgeRecord, records.host, records.none];
  const live = new Map<string, LiveSandbox>();

  const attempt = (what: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      needs.warn?.(`networks: ${what}: ${String(error)}`);
    }
  };

  attempt('forward rules', () => firewall.ensureForeign(device));

  const findRecord = (nameOrId: string): NetworkRecord | undefined => {
    if (nameOrId === '') return undefined;
    const wanted = nameOrId === 'default' ? 'bridge' : nameOrId;
    const exact = networks.find(({ name, id }) => name === wanted || id === wanted);
    if (exact !== undefined) return exact;
    const byPrefix = networks.filter(({ id }) => id.startsWith(wanted));
    return byPrefix.length === 1 ? byPrefix[0] : undefined;
  };
  const getRecord = (nameOrId: string): NetworkRecord => {
    const found = findRecord(nameOrId);
    if (found !== undefined) return found;
    if (nameOrId !== '' && networks.filter(({ id }) => id.startsWith(nameOrId)).length > 1) {
      throw invalidParameter(
        'ambiguous-network',
        `network ${nameOrId} is ambiguous (2 matches found based on ID prefix)`,
      );
    }
    throw noSuchNetwork(nameOrId);
  };

  const tell = (action: string, { id, network }: LiveSandbox): void =>
    events.publish('network', action, {
      id: network.id,
      attributes: { container: id, name: network.name, type: network.driver },
    });

  /** Another engine may have set its forward policy to drop since; looked at after the answer is out. */
  const recheckForeign = (): void => {
    if (needs.now() - foreignCheckedAt < FOREIGN_CHECK_MS) return;
    foreignCheckedAt = needs.now();
    setImmediate(() => attempt('forward rules', () => firewall.ensureForeign(device)));
  };

  /** The kernel takes a pair away with its namespace, unless a stray process keeps that. */
  const reapLater = (name: string): void => {
    setTimeout(() => {
      const isKnown = [...live.values()].some(
        ({ endpoint }) => endpoint !== undefined && vethName(endpoint.id) === name,
      );
      if (!isKnown) attempt(`link ${name}`, () => bridge.detach(name));
    }, REAP_AFTER_MS).unref();
  };

  const openBridge = async (request: SandboxRequest, sandbox: LiveSandbox, undo: Rollback): Promise<void> => {
    const { network, netnsPath } = sandbox;
    if (netnsPath === undefined) return;
    const wanted = wantedPorts(request);
    const ip = pool.allocate();
    undo.push(() => pool.release(ip));
    const ownMac = macOfRequest(request, network);
    const endpoint: BridgeEndpoint = {
      id: randomBytes(32).toString('hex'),
      ip,
      mac: ownMac ?? macOf(ip),
      hasOwnMac: ownMac !== undefined,
    };
    undo.push(() => reapLater(vethName(endpoint.id)));
    bridge.attach(netnsPath, endpoint);
    sandbox.endpoint = endpoint;
    const address = { ip, prefix: bridge.prefix, gateway: bridge.config.gateway, mac: endpoint.mac };
    sandbox.settings = toEndpointSettings(endpointOf(request, network), network.id, endpoint.id, address);
    try {
      const where = { allocator, firewall, hasIpv6, containerIp: ip };
      sandbox.published = await publish(wanted, where);
    } catch (error) {
      throw withPrefix(
        `driver failed programming external connectivity on endpoint ${sandbox.name} (${endpoint.id})`,
        error,
      );
    }
  };

  const filesOf = (request: SandboxRequest, { network, endpoint }: LiveSandbox): Sandbox['files'] => {
    const others = [...live.values()].filter(({ id }) => id !== request.id);
    return sandboxFiles(request, {
      kind: network.driver === 'host' ? 'host' : 'legacy',
      ip: endpoint?.ip ?? '',
      hostGateway: config.hostGatewayIp ?? bridge.config.gateway,
      hostHosts: network.driver === 'host' ? readOr('/etc/hosts', '') : '',
      resolvConfPath: config.resolvConfPath,
      links: network.driver === 'bridge' ? linkEntries(request.links, others) : [],
    });
  };

  const setUp = async (request: SandboxRequest, network: NetworkRecord): Promise<Sandbox> => {
    await using undo = new Rollback();
    const netnsPath = network.driver === 'host' ? undefined : join(netnsDir, request.id);
    const sandbox: LiveSandbox = {
      id: request.id,
      name: request.name.replace(/^\//, ''),
      network,
      netnsPath,
      settings: toEndpointSettings(
        endpointOf(request, network),
        network.id,
        randomBytes(32).toString('hex'),
        undefined,
      ),
      endpoint: undefined,
      published: rulesAlone({}, [], firewall),
    };
    live.set(request.id, sandbox);
    undo.push(() => void live.delete(request.id));
    if (netnsPath !== undefined) {
      if (existsSync(netnsPath)) removeNetworkNamespace(netnsPath);
      createNetworkNamespace(netnsPath, setLoopbackUp);
      undo.push(() => removeNetworkNamespace(netnsPath));
    }
    if (network.driver === 'bridge') {
      await openBridge(request, sandbox, undo);
      recheckForeign();
    }
    undo.push(() => sandbox.published.close());
    const files = filesOf(request, sandbox);
    undo.commit();
    tell('connect', sandbox);
    return { netnsPath, files, networks: { [network.name]: sandbox.settings }, ports: sandbox.published.ports };
  };

  const tearDown = async (sandbox: LiveSandbox): Promise<void> => {
    live.delete(sandbox.id);
    const { endpoint, netnsPath, published } = sandbox;
    await unwind([
      ...(endpoint === undefined ? [] : [() => pool.release(endpoint.ip), () => reapLater(vethName(endpoint.id))]),
      ...(netnsPath === undefined ? [] : [() => removeNetworkNamespace(netnsPath)]),
      () => published.close(),
    ]);
  };

  const republish = async (request: SandboxRequest, previous: Sandbox, ip: string): Promise<Published> => {
    const wanted = wantedPorts({ exposedPorts: [], portBindings: previous.ports, publishAllPorts: false });
    try {
      return await publish(wanted, { allocator, firewall, hasIpv6, containerIp: ip });
    } catch (error) {
      // Somebody took the port while no daemon ran. The container keeps running; its firewall rule still forwards.
      needs.warn?.(`networks: ports of ${request.name} after the restart: ${String(error)}`);
      return rulesAlone(previous.ports, rulesOf(previous.ports, ip), firewall);
    }
  };

  return {
    async open(request) {
      if (live.has(request.id)) throw conflict('sandbox-open', `container ${request.id} is already on a network`);
      try {
        const network = getRecord(request.mode);
        checkRequest(request, network);
        return await setUp(request, network);
      } catch (error) {
        if (isEngineError(error, 'invalid-parameter') || isEngineError(error, 'not-implemented')) throw error;
        throw withPrefix('failed to set up container networking', error);
      }
    },

    async close(id) {
      const sandbox = live.get(id);
      if (sandbox === undefined) {
        const path = join(netnsDir, id);
        if (!id.includes('/') && existsSync(path)) removeNetworkNamespace(path);
        return;
      }
      try {
        await tearDown(sandbox);
      } finally {
        tell('disconnect', sandbox);
      }
    },

    async restore(request, previous) {
      const network = getRecord(request.mode);
      const settings = previous.networks[network.name] ?? Object.values(previous.networks)[0] ?? {};
      const { IPAddress: ip = '', EndpointID: endpointId = '', MacAddress: mac = '' } = settings;
      const isBridged = network.driver === 'bridge' && ip !== '';
      const sandbox: LiveSandbox = {
        id: request.id,
        name: request.name.replace(/^\//, ''),
        network,
        netnsPath: previous.netnsPath,
        settings,
        endpoint: isBridged ? { id: endpointId, ip, mac, hasOwnMac: mac !== macOf(ip) } : undefined,
        published: rulesAlone(previous.ports, [], firewall),
      };
      live.set(request.id, sandbox);
      if (!isBridged) return;
      pool.adopt(ip);
      sandbox.published = await republish(request, previous, ip);
    },

    async sweep(liveIds) {
      const gone = [...live.values()].filter(({ id }) => !liveIds.has(id));
      const paths = readdirSync(netnsDir).filter((id) => !liveIds.has(id) && !live.has(id));
      await unwind([
        () => firewall.sweepPorts([...live.values()].flatMap(({ published }) => published.rules)),
        () =>
          sweepLinks(
            bridge,
            new Set([...live.values()].flatMap(({ endpoint }) => (endpoint ? [vethName(endpoint.id)] : []))),
          ),
        ...paths.map((id) => () => removeNetworkNamespace(join(netnsDir, id))),
        ...gone.map((sandbox) => () => tearDown(sandbox)),
      ]);
    },

    async list(filters) {
      return networks.filter(networkFilter(filters)).map((record): Network => toNetwork(record, device, {}));
    },

    async inspect(nameOrId) {
      const record = getRecord(nameOrId);
      const members = [...live.values()].filter(({ network }) => network.id === record.id);
      return toNetwork(record, device, Object.fromEntries(members.map((each) => [each.id, toMember(each)])));
    },

    find(nameOrId) {
      const record = findRecord(nameOrId);
      return record && { name: record.name, id: record.id };
    },

    rename(id, name) {
      const sandbox = live.get(id);
      if (sandbox !== undefined) sandbox.name = name.replace(/^\//, '');
    },

    async create() {
      throw userNetworksMissing('network create');
    },

    async remove(nameOrId) {
      throw predefinedNetwork(getRecord(nameOrId).name);
    },

    async shutdown() {
      const all = [...live.values()];
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

/** Host ends nobody owns: most go by themselves when their namespace has gone; the others are deleted. */
async function sweepLinks(bridge: Bridge, known: ReadonlySet<string>): Promise<void> {
  const orphans = (): string[] => bridge.ports().filter((name) => !known.has(name));
  for (let tries = 10; tries > 0 && orphans().length > 0; tries -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const name of orphans()) bridge.detach(name);
}

const toMember = ({ name, settings }: LiveSandbox): NetworkContainer => ({
  Name: name,
  EndpointID: settings.EndpointID,
  MacAddress: settings.MacAddress,
  IPv4Address: settings.IPAddress === '' ? '' : `${settings.IPAddress}/${settings.IPPrefixLen}`,
  IPv6Address: '',
});

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}

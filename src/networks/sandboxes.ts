import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, isEngineError } from '../errors/index.ts';
import { createNetworkNamespace, removeNetworkNamespace } from '../host/index.ts';
import { Rollback, unwind } from '../lib/index.ts';
import type { Networks, Sandbox, SandboxRequest } from './contract.ts';
import { toEndpointSettings } from './describe.ts';
import { type Bridge, type BridgeEndpoint, macOf, setLoopbackUp, vethName } from './drivers/bridge.ts';
import { withPrefix } from './errors.ts';
import type { Firewall } from './firewall/firewall.ts';
import type { AddressPool } from './ipam/address-pool.ts';
import type { NetworksNeeds } from './needs.ts';
import type { NetworkList } from './network-list.ts';
import { PortAllocator } from './publish/port-allocator.ts';
import { type Published, publish, rulesAlone, rulesOf } from './publish/publish.ts';
import { wantedPorts } from './publish/wanted-ports.ts';
import type { NetworkRecord } from './record.ts';
import { checkRequest, endpointOf, type LiveSandbox, linkEntries, macOfRequest, sandboxFiles } from './sandbox.ts';

const REAP_AFTER_MS = 3000;

export interface SandboxNeeds {
  needs: NetworksNeeds;
  netnsDir: string;
  networks: NetworkList;
  bridge: Bridge;
  pool: AddressPool;
  firewall: Firewall;
  /** Called after a container went onto the bridge; must not throw. */
  afterOpen(): void;
}

/** The half of `Networks` that concerns sandboxes, and those that live. */
export type Sandboxes = Pick<Networks, 'open' | 'close' | 'restore' | 'sweep'> & {
  live: ReadonlyMap<string, LiveSandbox>;
};

export function createSandboxes({
  needs,
  netnsDir,
  networks,
  bridge,
  pool,
  firewall,
  afterOpen,
}: SandboxNeeds): Sandboxes {
  const { config, events } = needs;
  const allocator = new PortAllocator();
  const hasIpv6 = readOr('/proc/net/if_inet6', '') !== '';
  const live = new Map<string, LiveSandbox>();

  const tell = (action: string, { id, network }: LiveSandbox): void =>
    events.publish('network', action, {
      id: network.id,
      attributes: { container: id, name: network.name, type: network.driver },
    });

  /** The kernel takes a pair away with its namespace, unless a stray process keeps that. */
  const reapLater = (name: string): void => {
    setTimeout(() => {
      const names = [...live.values()].map(({ endpoint }) => endpoint && vethName(endpoint.id));
      if (names.includes(name)) return;
      try {
        bridge.detach(name);
      } catch (error) {
        needs.warn?.(`networks: link ${name}: ${String(error)}`);
      }
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
      afterOpen();
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
    live,

    async open(request) {
      if (live.has(request.id)) throw conflict('sandbox-open', `container ${request.id} is already on a network`);
      try {
        const network = networks.get(request.mode);
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
      const network = networks.get(request.mode);
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
  };
}

/** Host ends nobody owns: most go by themselves when their namespace has gone; the others are deleted. */
async function sweepLinks(bridge: Bridge, known: ReadonlySet<string>): Promise<void> {
  const orphans = (): string[] => bridge.ports().filter((name) => !known.has(name));
  for (let tries = 10; tries > 0 && orphans().length > 0; tries -= 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const name of orphans()) bridge.detach(name);
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return fallback;
  }
}

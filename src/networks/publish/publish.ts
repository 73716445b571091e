import { isIP } from 'node:net';
import type { PortMap } from '../../api/index.ts';
import { type EngineError, invalidParameter, systemError } from '../../errors/index.ts';
import { Rollback, unwind } from '../../lib/index.ts';
import type { Firewall } from '../firewall/firewall.ts';
import type { PortRule } from '../firewall/ruleset.ts';
import { parseIpv4 } from '../ipam/subnet.ts';
import type { PortAllocator } from './port-allocator.ts';
import { openTcpProxy } from './tcp-proxy.ts';
import { openUdpProxy } from './udp-proxy.ts';
import type { WantedPort, WantedPorts } from './wanted-ports.ts';

export interface PublishNeeds {
  allocator: PortAllocator;
  firewall: Firewall;
  hasIpv6: boolean;
  containerIp: string;
}

/** What a sandbox's ports hold. Both ways to end it go on past failures. */
export interface Published {
  ports: PortMap;
  rules: PortRule[];
  /** Takes back rules and sockets. */
  close(): Promise<void>;
  /** Closes the sockets; the rules stay for the next daemon. */
  leave(): Promise<void>;
}

/** Rules without sockets: none of either, or those of a container whose sockets could not be had again. */
export function rulesAlone(ports: PortMap, rules: PortRule[], firewall: Firewall): Published {
  return { ports, rules, close: async () => firewall.deletePorts(rules), leave: async () => {} };
}

/** The rules behind ports that inspect shows: v4 only, v6 is the proxies' business. */
export function rulesOf(ports: PortMap, containerIp: string): PortRule[] {
  return Object.entries(ports).flatMap(([key, bindings]) => {
    const [containerPort, protocol] = key.split('/');
    if (protocol !== 'tcp' && protocol !== 'udp') return [];
    return (bindings ?? [])
      .filter(({ HostIp = '' }) => parseIpv4(HostIp) !== undefined)
      .map(({ HostIp = '', HostPort }): PortRule => {
        const hostIp = HostIp === '0.0.0.0' ? undefined : HostIp;
        return { protocol, hostIp, hostPort: Number(HostPort), containerIp, containerPort: Number(containerPort) };
      });
  });
}

/** Opens every wanted port or none. @throws system with Docker's texts */
export async function publish(wanted: WantedPorts, needs: PublishNeeds): Promise<Published> {
  await using undo = new Rollback();
  const chosen = new Map<WantedPort, { port: number; ips: string[] }>();
  // Fixed ports first, then ranges: an ephemeral one must not sit on what the same container asks for by number.
  const order = wanted.published.toSorted((a, b) => rankOf(a) - rankOf(b));
  for (const each of order) chosen.set(each, await openPort(each, needs, undo));

  const ports: PortMap = Object.fromEntries(wanted.exposedOnly.map((port) => [port, null]));
  for (const want of wanted.published) {
    const at = chosen.get(want);
    if (at === undefined) continue;
    const { protocol, containerPort } = want;
    const { port, ips } = at;
    const list = ports[`${containerPort}/${protocol}`] ?? [];
    list.push(...ips.map((ip) => ({ HostIp: ip, HostPort: String(port) })));
    ports[`${containerPort}/${protocol}`] = list;
  }
  const rules = rulesOf(ports, needs.containerIp);
  needs.firewall.addPorts(rules);
  const sockets = undo.commit();
  return {
    ports,
    rules,
    close: () => unwind([...sockets, () => needs.firewall.deletePorts(rules)]),
    leave: () => unwind(sockets),
  };
}

const rankOf = ({ first, last }: WantedPort): number => (first === 0 ? 2 : first === last ? 0 : 1);

async function openPort(
  want: WantedPort,
  needs: PublishNeeds,
  undo: Rollback,
): Promise<{ port: number; ips: string[] }> {
  const ips = addressesOf(want.hostIp, needs.hasIpv6);
  let failure: EngineError | undefined;
  const candidates = want.first === 0 ? needs.allocator.ephemeral() : range(want.first, want.last);
  for (const port of candidates) {
    const busy = needs.allocator.take(want.protocol, port, ips);
    if (busy !== undefined) {
      failure = systemError(
        'port-already-allocated',
        `Bind for ${endpoint(busy, port)} failed: port is already allocated`,
      );
      continue;
    }
    const opened = await openOn(want, port, ips, needs, undo);
    if (opened === undefined) return { port, ips };
    needs.allocator.release(want.protocol, port, ips);
    failure = opened.error;
    if (!opened.isBusy) break;
  }
  throw failure ?? systemError('port-already-allocated', `Bind for ${ips[0]} failed: all ports are allocated`);
}

/** Opens one port on all its addresses: undefined when done, else why not. */
async function openOn(
  { protocol, containerPort }: WantedPort,
  port: number,
  ips: readonly string[],
  { allocator, containerIp }: PublishNeeds,
  undo: Rollback,
): Promise<{ error: EngineError; isBusy: boolean } | undefined> {
  await using attempt = new Rollback();
  const open = protocol === 'tcp' ? openTcpProxy : openUdpProxy;
  for (const ip of ips) {
    try {
      const proxy = await open({ ip, port }, { ip: containerIp, port: containerPort });
      attempt.push(() => proxy.close());
    } catch (cause) {
      const code = (cause as NodeJS.ErrnoException).code ?? '';
      const why = REASONS[code] ?? code;
      const message = `failed to bind host port for ${endpoint(ip, port)}:${containerIp}:${containerPort}/${protocol}: ${why}`;
      return { error: systemError('port-bind-failed', message, { cause }), isBusy: code === 'EADDRINUSE' };
    }
  }
  undo.push(() => allocator.release(protocol, port, ips));
  for (const close of attempt.commit()) undo.push(close);
  return undefined;
}

const REASONS: Record<string, string> = {
  EADDRINUSE: 'address already in use',
  EADDRNOTAVAIL: 'cannot assign requested address',
  EACCES: 'permission denied',
  EMFILE: 'too many open files',
};

function addressesOf(hostIp: string, hasIpv6: boolean): string[] {
  if (hostIp === '') return hasIpv6 ? ['0.0.0.0', '::'] : ['0.0.0.0'];
  const plain = hostIp.replace(/^\[(.*)\]$/, '$1');
  if (isIP(plain) === 0) throw invalidParameter('bad-host-ip', `invalid host IP address: ${hostIp}`);
  return [plain];
}

const endpoint = (ip: string, port: number): string => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`);

function* range(first: number, last: number): Generator<number> {
  for (let port = first; port <= last; port += 1) yield port;
}

import type { EndpointSettings } from '../api/index.ts';
import { invalidParameter, notImplemented } from '../errors/index.ts';
import type { SandboxRequest } from './contract.ts';
import type { BridgeEndpoint } from './drivers/bridge.ts';
import { extraHosts, type HostsEntry, hostsFile, ownNames } from './files/hosts.ts';
import { readHostResolvConf, resolvConfFile } from './files/resolv-conf.ts';
import type { Published } from './publish/publish.ts';
import type { NetworkRecord } from './record.ts';

/** A container (or build step) that is on a network now. */
export interface LiveSandbox {
  id: string;
  name: string;
  network: NetworkRecord;
  netnsPath: string | undefined;
  settings: EndpointSettings;
  endpoint: BridgeEndpoint | undefined;
  published: Published;
}

const ID = /^[A-Za-z0-9][A-Za-z0-9_.-]*$/;
const MAC = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

/** Refuses what a predefined network cannot do. @throws invalid-parameter, not-implemented */
export function checkRequest(request: SandboxRequest, network: NetworkRecord): void {
  if (!ID.test(request.id)) throw invalidParameter('bad-sandbox-id', `not a sandbox id: ${JSON.stringify(request.id)}`);
  const asked = endpointOf(request, network);
  const problems: string[] = [];
  const { IPv4Address, IPv6Address, LinkLocalIPs } = asked?.IPAMConfig ?? {};
  if (isSet(IPv4Address) || isSet(IPv6Address)) {
    problems.push(
      'user specified IP address is supported on user defined networks only',
      'user specified IP address is supported only when connecting to networks with user configured subnets',
    );
  }
  if ((asked?.Aliases ?? []).length > 0) {
    problems.push('network-scoped aliases are only supported for user-defined networks');
  }
  if (problems.length > 0) {
    const list = problems.map((each) => `\n* ${each}`).join('');
    const message = `invalid config for network ${network.name}: invalid endpoint settings:${list}`;
    throw invalidParameter('bad-endpoint-settings', message);
  }
  if ((LinkLocalIPs ?? []).length > 0) throw notImplemented('link-local-ips', 'LinkLocalIPs is not supported yet');
  if (Object.keys(asked?.DriverOpts ?? {}).length > 0) {
    throw notImplemented('endpoint-driver-opts', 'EndpointSettings.DriverOpts is not supported yet');
  }
  const mac = macOfRequest(request, network);
  if (mac !== undefined && !MAC.test(mac)) throw invalidParameter('bad-mac-address', `invalid MAC address: ${mac}`);
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '';

/** The settings asked for, under the network's name, its id or the mode's own word. */
export function endpointOf(request: SandboxRequest, network: NetworkRecord): EndpointSettings | undefined {
  const { endpoints, mode } = request;
  return endpoints[network.name] ?? endpoints[network.id] ?? endpoints[mode];
}

export function macOfRequest(request: SandboxRequest, network: NetworkRecord): string | undefined {
  const asked = endpointOf(request, network)?.MacAddress;
  if (isSet(asked)) return asked?.toLowerCase();
  return isSet(request.macAddress) ? request.macAddress?.toLowerCase() : undefined;
}

/** The three files of a container on a predefined network. */
export function sandboxFiles(
  request: SandboxRequest,
  from: {
    kind: 'legacy' | 'host';
    ip: string;
    hostGateway: string;
    hostHosts: string;
    resolvConfPath: string | undefined;
    links: HostsEntry[];
  },
): { hosts: string; resolvConf: string; hostname: string } {
  const extra = extraHosts(request.extraHosts, from.hostGateway);
  const own = from.ip === '' ? [] : [{ address: from.ip, names: ownNames(request.hostname, request.domainname) }];
  const isCopy = from.kind === 'host' && extra.length === 0;
  return {
    hosts: isCopy ? from.hostHosts : hostsFile([...extra, ...from.links, ...own]),
    resolvConf: resolvConfFile(readHostResolvConf(from.resolvConfPath), request, from.kind),
    hostname: `${request.hostname}\n`,
  };
}

/** Legacy links (`name:alias`) as hosts entries. @throws invalid-parameter when the target is not on the bridge now */
export function linkEntries(links: readonly string[], live: Iterable<LiveSandbox>): HostsEntry[] {
  const all = [...live];
  return links.map((link) => {
    const [target = '', alias = target] = link.split(':').map((part) => part.split('/').at(-1) ?? part);
    const linked = all.find(({ id, name }) => name === target || id === target || id.startsWith(target));
    if (linked?.endpoint === undefined) {
      throw invalidParameter('bad-link', `Cannot link to a non running container: /${target} AS ${alias}`);
    }
    const names = [alias, linked.id.slice(0, 12), ...(alias === linked.name ? [] : [linked.name])];
    return { address: linked.endpoint.ip, names: names.join(' ') };
  });
}

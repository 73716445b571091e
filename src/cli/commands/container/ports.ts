import type { PortBinding } from '../../../api/index.ts';
import { invalidParameter } from '../../../errors/index.ts';

export interface PublishedPorts {
  exposed: Record<string, Record<string, never>>;
  bindings: Record<string, PortBinding[]>;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);

function range(text: string, what: string, whole: string): [number, number] {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || first > 65_535 || last > 65_535 || last < first) {
    throw invalidParameter('bad-publish', `invalid ${what}: ${text === '' ? whole : text}`);
  }
  return [first, last];
}

/** One `--publish`: `[[ip:]hostPort[-end]:]containerPort[-end][/protocol]`, IPv6 addresses in brackets. */
export function parsePublish(text: string, into: PublishedPorts): void {
  const [, body = text, protocol = 'tcp'] = /^(.*?)\/(\w+)$/.exec(text) ?? [];
  if (!PROTOCOLS.has(protocol.toLowerCase())) throw invalidParameter('bad-publish', `invalid proto: ${protocol}`);
  const [rest, container] = splitLast(body);
  const [ip, host] = splitLast(rest);
  const address = ip.replace(/^\[(.*)\]$/, '$1');
  const [first, last] = range(container, 'containerPort', text);
  const hostRange = host === '' ? undefined : range(host, 'hostPort', text);
  if (hostRange !== undefined && hostRange[1] - hostRange[0] !== last - first && first !== last) {
    throw invalidParameter(
      'bad-publish',
      `invalid ranges specified for container and host Ports: ${container} and ${host}`,
    );
  }
  for (let port = first; port <= last; port++) {
    const key = `${port}/${protocol.toLowerCase()}`;
    const hostPort =
      hostRange === undefined
        ? ''
        : first === last && hostRange[1] > hostRange[0]
          ? `${hostRange[0]}-${hostRange[1]}`
          : String(hostRange[0] + port - first);
    into.exposed[key] = {};
    (into.bindings[key] ??= []).push({ HostIp: address, HostPort: hostPort });
  }
}

/** What stands before and behind the last colon. */
const splitLast = (text: string): [before: string, behind: string] => {
  const at = text.lastIndexOf(':');
  return at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + 1)];
};

/** One `--expose`: `port[-end][/protocol]`. */
export function parseExpose(text: string, into: PublishedPorts): void {
  const [ports = '', protocol = 'tcp'] = text.split('/');
  if (text.includes(':')) throw invalidParameter('bad-expose', `invalid port format for --expose: ${text}`);
  const [first, last] = range(ports, 'range format for --expose', text);
  for (let port = first; port <= last; port++) into.exposed[`${port}/${protocol.toLowerCase()}`] = {};
}

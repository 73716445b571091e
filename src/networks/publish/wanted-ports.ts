import type { PortMap } from '../../api/index.ts';
import { invalidParameter, notImplemented } from '../../errors/index.ts';

export type Protocol = 'tcp' | 'udp';

/** One published port before a host port is chosen: any of `first`..`last`; 0..0 means an ephemeral one. */
export interface WantedPort {
  protocol: Protocol;
  containerPort: number;
  /** As the user gave it; '' is every address, v4 and v6. */
  hostIp: string;
  first: number;
  last: number;
}

export interface WantedPorts {
  published: WantedPort[];
  /** Exposed, not published: shown as null. */
  exposedOnly: string[];
}

/** What `-p`, `-P` and EXPOSE ask for together. @throws invalid-parameter, not-implemented (sctp) */
export function wantedPorts(request: {
  exposedPorts: readonly string[];
  portBindings: PortMap;
  publishAllPorts: boolean;
}): WantedPorts {
  const exposed = new Set(request.exposedPorts.flatMap(expandPort));
  const published: WantedPort[] = [];
  const named = new Set<string>();
  for (const [key, bindings] of Object.entries(request.portBindings)) {
    for (const port of expandPort(key)) {
      exposed.delete(port);
      if (bindings === null || bindings.length === 0) {
        if (!request.publishAllPorts) exposed.add(port);
        else published.push(wanted(port, '', ''));
        continue;
      }
      named.add(port);
      for (const { HostIp = '', HostPort = '' } of bindings) published.push(wanted(port, HostIp, HostPort));
    }
  }
  if (!request.publishAllPorts) return { published, exposedOnly: [...exposed] };
  return { published: [...published, ...[...exposed].map((port) => wanted(port, '', ''))], exposedOnly: [] };
}

/** `80`, `80/udp` or `80-82/tcp` as single ports with their protocol. */
function expandPort(text: string): string[] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/([a-z]+))?$/i.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  if (match === null || first < 1 || last > 65_535 || last < first) {
    throw invalidParameter('bad-port', `invalid port specification: "${text}"`);
  }
  const protocol = (match[3] ?? 'tcp').toLowerCase();
  return Array.from({ length: last - first + 1 }, (_, n) => `${first + n}/${protocol}`);
}

function wanted(port: string, hostIp: string, hostPort: string): WantedPort {
  const [number = '', protocol = ''] = port.split('/');
  if (protocol === 'sctp') throw notImplemented('sctp-not-supported', `publishing ${port}: SCTP is not supported yet`);
  if (protocol !== 'tcp' && protocol !== 'udp') {
    throw invalidParameter('bad-port', `invalid port specification: "${port}"`);
  }
  const match = /^(?:(\d{1,5})(?:-(\d{1,5}))?)?$/.exec(hostPort);
  const first = Number(match?.[1] ?? 0);
  const last = Number(match?.[2] ?? first);
  if (match === null || last > 65_535 || last < first) {
    throw invalidParameter('bad-port', `invalid port specification: "${hostPort}"`);
  }
  return { protocol, containerPort: Number(number), hostIp, first, last };
}

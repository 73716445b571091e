import type { EndpointSettings, MountPoint, Port, PortMap } from '../../api/index.ts';
import type { Container } from '../container.ts';
import type { MountRecord } from '../record.ts';

/** As `inspect` and `ps` show a mount. */
export function toMountPoint(mount: MountRecord): MountPoint {
  const { type, name, source, destination, driver, mode, writable, propagation } = mount;
  const tail = {
    Destination: destination,
    ...(driver && { Driver: driver }),
    Mode: mode,
    RW: writable,
    Propagation: propagation,
  };
  return { Type: type, ...(name && { Name: name }), Source: source, ...tail };
}

const EMPTY_ENDPOINT: EndpointSettings = {
  // The wire has null here, the type does not.
  Links: null,
  Aliases: null,
  MacAddress: '',
  DriverOpts: null,
  GwPriority: 0,
  NetworkID: '',
  EndpointID: '',
  Gateway: '',
  IPAddress: '',
  IPPrefixLen: 0,
  IPv6Gateway: '',
  GlobalIPv6Address: '',
  GlobalIPv6PrefixLen: 0,
  DNSNames: null,
};

/** Its networks: as they are while it runs, as they were asked for otherwise. */
export function endpointsOf(container: Container): Record<string, EndpointSettings> {
  const live = container.run?.sandbox?.networks;
  if (live !== undefined) return live;
  const { endpoints } = container.record;
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, asked]) => [
      name,
      { IPAMConfig: null, ...EMPTY_ENDPOINT, ...asked } as EndpointSettings,
    ]),
  );
}

export function portsOf(container: Container): PortMap {
  return container.run?.sandbox?.ports ?? {};
}

/** The PORTS column's rows, in Docker's order. */
export function toPorts(ports: PortMap): Port[] {
  const rows: Port[] = [];
  for (const [key, bindings] of Object.entries(ports)) {
    const [port = '', protocol = 'tcp'] = key.split('/');
    const base = { PrivatePort: Number(port), Type: protocol as 'tcp' | 'udp' | 'sctp' };
    if (bindings === null || bindings.length === 0) rows.push(base);
    for (const { HostIp = '', HostPort = '' } of bindings ?? []) {
      rows.push({ IP: HostIp, PrivatePort: base.PrivatePort, PublicPort: Number(HostPort), Type: base.Type });
    }
  }
  return rows.sort(
    (a, b) =>
      (a.PrivatePort ?? 0) - (b.PrivatePort ?? 0) ||
      (a.PublicPort ?? 0) - (b.PublicPort ?? 0) ||
      (a.Type ?? '').localeCompare(b.Type ?? '') ||
      ((a.IP ?? '') < (b.IP ?? '') ? -1 : 1),
  );
}

/** The COMMAND column: arguments with blanks are quoted. */
export function commandText(path: string, args: readonly string[]): string {
  if (args.length === 0) return path;
  return [path, ...args.map((arg) => (/[ '"]/.test(arg) ? `'${arg.replaceAll("'", "\\'")}'` : arg))].join(' ');
}

export interface HostsEntry {
  address: string;
  names: string;
}

const HEAD: readonly HostsEntry[] = [
  { address: '127.0.0.1', names: 'localhost' },
  { address: '::1', names: 'localhost ip6-localhost ip6-loopback' },
  { address: 'fe00::', names: 'ip6-localnet' },
  { address: 'ff00::', names: 'ip6-mcastprefix' },
  { address: 'ff02::1', names: 'ip6-allnodes' },
  { address: 'ff02::2', names: 'ip6-allrouters' },
];

/** /etc/hosts of a container, byte for byte as Docker writes it. */
export function hostsFile(entries: readonly HostsEntry[]): string {
  return [...HEAD, ...entries].map(({ address, names }) => `${address}\t${names}\n`).join('');
}

/** The container's own names: the full one, and the part before its first dot. */
export function ownNames(hostname: string, domainname: string): string {
  const full = domainname === '' ? hostname : `${hostname}.${domainname}`;
  const dot = full.indexOf('.');
  return dot === -1 ? full : `${full} ${full.slice(0, dot)}`;
}

/** `--add-host` entries (`name:address`, the address may be IPv6 or the word `host-gateway`). */
export function extraHosts(extra: readonly string[], hostGateway: string): HostsEntry[] {
  return extra.map((entry) => {
    const colon = entry.indexOf(':');
    const address = entry.slice(colon + 1).replace(/^\[(.*)\]$/, '$1');
    return { names: entry.slice(0, Math.max(colon, 0)), address: address === 'host-gateway' ? hostGateway : address };
  });
}

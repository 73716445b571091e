import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { isLoopback } from '../server/index.ts';
import { StartError } from './errors.ts';

/** Where to listen, understood. A tcp address is numeric by now: what was checked is what is bound. */
export type Address =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; host: string; port: number; name: string }
  | { kind: 'fd'; selector: string };

/**
 * Reads one `-H`. Whoever reaches the API is root on this machine, so a tcp address that others can reach is refused
 * unless clients must show a certificate. @throws StartError
 */
export async function resolveAddress(
  text: string,
  tls: { isMutual: boolean } | undefined,
  resolve: (name: string) => Promise<string[]> = resolveName,
): Promise<Address> {
  const [, scheme, rest = ''] = /^(\w+):\/\/(.*)$/s.exec(text) ?? [];
  if (scheme === 'unix') return unixAddress(rest);
  if (scheme === 'fd') return { kind: 'fd', selector: rest };
  if (scheme !== 'tcp') throw new StartError(`invalid bind address (${text}): unsupported proto`);
  const { name, port } = tcpParts(text, rest, tls === undefined ? 2375 : 2376);
  const hosts = isIP(name) === 0 ? await resolve(name) : [name];
  const host = hosts[0];
  if (host === undefined) throw new StartError(`invalid bind address (${text}): no such host`);
  if (!hosts.every(isLoopback) && tls?.isMutual !== true) {
    throw new StartError(
      `refusing to listen on ${text}: it can be reached from other machines, and whoever reaches it is root here. ` +
        'Use --tlsverify with --tlscacert, --tlscert and --tlskey, or listen on 127.0.0.1',
    );
  }
  return { kind: 'tcp', host, port, name };
}

function unixAddress(path: string): Address {
  if (!path.startsWith('/')) throw new StartError(`invalid bind address (unix://${path}): the path must be absolute`);
  // sun_path: 108 bytes with its end; a longer path would be cut and bound elsewhere.
  if (Buffer.byteLength(path) > 107)
    throw new StartError(`invalid bind address (unix://${path}): longer than 107 bytes`);
  return { kind: 'unix', path };
}

function tcpParts(text: string, rest: string, defaultPort: number): { name: string; port: number } {
  const found = /^(\[[0-9a-fA-F:.]+\]|[^:/[\]]*)(?::(\d+))?\/?$/.exec(rest);
  if (found === null) throw new StartError(`invalid bind address (${text}): should be of the form tcp://HOST:PORT`);
  const port = found[2] === undefined ? defaultPort : Number(found[2]);
  if (port > 65_535) throw new StartError(`invalid bind address (${text}): invalid port: ${port}`);
  return { name: (found[1] || '127.0.0.1').replace(/^\[|\]$/g, ''), port };
}

async function resolveName(name: string): Promise<string[]> {
  const found = await lookup(name, { all: true }).catch(() => []);
  return found.map(({ address }) => address);
}

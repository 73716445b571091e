import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { invalidParameter } from '../../errors/index.ts';

export interface TlsFiles {
  ca?: Buffer;
  cert?: Buffer;
  key?: Buffer;
  verify: boolean;
}

/** Where an engine listens. */
export type Host =
  | { kind: 'unix'; path: string }
  | { kind: 'tcp'; hostname: string; port: number; tls: TlsFiles | undefined };

/** Our own daemon's socket: the only host that is ever started automatically. */
export const OWN_SOCKET = '/run/berth/berth.sock';

/**
 * Parses `unix:///path`, `tcp://host[:port]`, `http(s)://…`; `ssh://` is not built yet.
 * @throws invalid-parameter `invalid-host`, not-implemented for ssh
 */
export function parseHost(text: string, tls: TlsFiles | undefined): Host {
  const [, scheme = 'tcp', rest = text] = /^([a-z]+):\/\/(.*)$/.exec(text) ?? [];
  switch (scheme) {
    case 'unix':
      return { kind: 'unix', path: rest };
    case 'tcp':
    case 'http':
    case 'https': {
      const url = URL.parse(`http://${rest}`);
      if (url === null || url.hostname === '') throw unknownHost(text);
      const isTls = tls !== undefined || scheme === 'https';
      return {
        kind: 'tcp',
        hostname: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? (isTls ? 2376 : 2375) : Number(url.port),
        tls: isTls ? (tls ?? { verify: true }) : undefined,
      };
    }
    default:
      throw unknownHost(text);
  }
}

const unknownHost = (text: string): Error =>
  invalidParameter(
    'invalid-host',
    `unable to parse docker host ${JSON.stringify(text)}: expected unix:///path/to/socket or tcp://host:port`,
  );

/** Reads ca.pem, cert.pem, key.pem of a folder; those that are absent stay out. */
export function readTlsFolder(folder: string, verify: boolean): TlsFiles {
  const read = (name: string): Buffer | undefined => {
    try {
      return readFileSync(join(folder, name));
    } catch {
      return undefined;
    }
  };
  const [ca, cert, key] = ['ca.pem', 'cert.pem', 'key.pem'].map(read);
  return { verify, ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

/** BERTH_HOST, then DOCKER_HOST, then our own socket; an explicit `-H` goes before all. DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as docker reads them. */
export function hostFromEnvironment(env: NodeJS.ProcessEnv, explicit?: string): { host: Host; isOwn: boolean } {
  const text = explicit || env['BERTH_HOST'] || env['DOCKER_HOST'] || `unix://${OWN_SOCKET}`;
  const verify = Boolean(env['DOCKER_TLS_VERIFY']);
  const folder = env['DOCKER_CERT_PATH'] || join(env['DOCKER_CONFIG'] || join(homedir(), '.docker'));
  const tls = verify || env['DOCKER_TLS'] ? readTlsFolder(folder, verify) : undefined;
  const host = parseHost(text, text.startsWith('unix:') ? undefined : tls);
  return { host, isOwn: host.kind === 'unix' && host.path === OWN_SOCKET };
}

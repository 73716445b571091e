import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import type { TlsOptions } from 'node:tls';
import type { ApiServer } from '../server/index.ts';
import type { Address } from './addresses.ts';
import type { TlsFiles } from './config.ts';
import { StartError } from './errors.ts';

export interface Listening {
  /** As a client would write it. */
  address: string;
  server: Server;
}

export interface ListenNeeds {
  api: ApiServer;
  tls: TlsFiles | undefined;
  /** Group of unix sockets. */
  groupId: number;
}

/** Opens one address and accepts connections on it. @throws StartError */
export async function listen(address: Address, needs: ListenNeeds): Promise<Listening[]> {
  switch (address.kind) {
    case 'unix':
      return [await listenUnix(address.path, needs)];
    case 'tcp':
      return [await listenTcp(address, needs)];
    case 'fd':
      return Promise.all(inheritedDescriptors(address.selector).map((fd) => listenDescriptor(fd, needs)));
  }
  return address satisfies never;
}

/** Born 0660 root:root under the umask, then given to its group: at no moment can more than that group connect. */
async function listenUnix(path: string, { api, groupId }: ListenNeeds): Promise<Listening> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o711 });
  await removeStale(path);
  const server = api.open({ isTcp: false, hosts: undefined });
  const umask = process.umask(0o117);
  try {
    await bound(server, () => server.listen(path));
  } finally {
    process.umask(umask);
  }
  chownSync(path, 0, groupId);
  chmodSync(path, 0o660);
  return { address: `unix://${path}`, server };
}

async function listenTcp(address: Address & { kind: 'tcp' }, { api, tls }: ListenNeeds): Promise<Listening> {
  const options = tls === undefined ? undefined : tlsOptions(tls);
  const hosts = tls?.isMutual === true ? undefined : [address.name.toLowerCase()];
  const server = api.open({ isTcp: true, hosts }, options);
  await bound(server, () => server.listen({ host: address.host, port: address.port, exclusive: true }));
  const at = server.address();
  const port = typeof at === 'object' && at !== null ? at.port : address.port;
  return { address: `tcp://${address.host.includes(':') ? `[${address.host}]` : address.host}:${port}`, server };
}

/** Sockets that systemd opened for us (`Sockets=`): their owner and mode are the unit's business. */
async function listenDescriptor(fd: number, { api }: ListenNeeds): Promise<Listening> {
  const server = api.open({ isTcp: false, hosts: undefined });
  await bound(server, () => server.listen({ fd }));
  // An inherited unix socket has no address that Node knows of; one of tcp has, and would need the checks of a tcp one.
  if (server.address() !== null) {
    server.close();
    throw new StartError('fd:// sockets must be unix sockets');
  }
  return { address: `fd://${fd}`, server };
}

function inheritedDescriptors(selector: string): number[] {
  const { LISTEN_PID, LISTEN_FDS } = process.env;
  const count = LISTEN_PID === String(process.pid) ? Number(LISTEN_FDS ?? 0) : 0;
  const all = Array.from({ length: count }, (_, index) => 3 + index);
  const chosen = selector === '' || selector === '*' ? all : all.filter((fd) => String(fd) === selector);
  if (chosen.length === 0)
    throw new StartError('no sockets found via socket activation: make sure the service was started by systemd');
  return chosen;
}

function tlsOptions(tls: TlsFiles): TlsOptions {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw new StartError(`could not read the TLS file ${path}: ${(error as Error).message}`);
    }
  };
  return {
    cert: read(tls.cert),
    key: read(tls.key),
    minVersion: 'TLSv1.2',
    ...(tls.isMutual && { ca: read(tls.ca), requestCert: true, rejectUnauthorized: true }),
  };
}

/** A socket file that nobody listens on is left over from a daemon that was killed. */
async function removeStale(path: string): Promise<void> {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new StartError(`can't create unix socket ${path}: a file is in its place`);
  if (await answers(path)) throw new StartError(`can't create unix socket ${path}: another daemon listens on it`);
  unlinkSync(path);
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (is: boolean): void => {
      socket.destroy();
      resolve(is);
    };
    socket.once('connect', () => done(true));
    socket.once('error', () => done(false));
  });
}

function bound(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(new StartError(`failed to listen: ${error.message}`)));
    server.once('listening', resolve);
    start();
  });
}

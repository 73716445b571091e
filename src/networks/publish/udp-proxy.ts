import { createSocket, type Socket } from 'node:dgram';
import type { PortProxy } from './port-proxy.ts';

const IDLE_MS = 90_000;
const CLIENTS_MAX = 1024;

/** One upstream socket per client address, forgotten after 90 s of silence; at most 1,024 of them, then the oldest goes. */
export function openUdpProxy(
  host: { ip: string; port: number },
  container: { ip: string; port: number },
): Promise<PortProxy> {
  const isV6 = host.ip.includes(':');
  const server = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only: isV6 });
  const clients = new Map<string, { upstream: Socket; timer: NodeJS.Timeout }>();

  const drop = (key: string): void => {
    const client = clients.get(key);
    if (client === undefined) return;
    clients.delete(key);
    clearTimeout(client.timer);
    client.upstream.close();
  };

  const connect = (key: string, address: string, port: number): { upstream: Socket; timer: NodeJS.Timeout } => {
    const [oldest] = clients.keys();
    if (clients.size >= CLIENTS_MAX && oldest !== undefined) drop(oldest);
    const upstream = createSocket('udp4');
    const timer = setTimeout(() => drop(key), IDLE_MS).unref();
    const client = { upstream, timer };
    clients.set(key, client);
    upstream.on('error', () => {
      if (clients.get(key) === client) drop(key);
    });
    upstream.on('message', (data) => {
      timer.refresh();
      server.send(data, port, address);
    });
    return client;
  };

  server.on('message', (data, { address, port }) => {
    const key = `${address} ${port}`;
    const client = clients.get(key) ?? connect(key, address, port);
    client.timer.refresh();
    client.upstream.send(data, container.port, container.ip);
  });

  const close = async (): Promise<void> => {
    for (const key of clients.keys()) drop(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    await promise;
  };
  const { promise, resolve, reject } = Promise.withResolvers<PortProxy>();
  server.once('error', reject);
  server.bind({ address: host.ip, port: host.port, exclusive: true }, () => {
    server.off('error', reject);
    server.on('error', () => {});
    resolve({ close });
  });
  return promise;
}

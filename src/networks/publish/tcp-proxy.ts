import { createConnection, createServer, type Socket } from 'node:net';
import type { PortProxy } from './port-proxy.ts';

/** Listens on the published address and carries each connection to the container, both directions ending on their own. */
export function openTcpProxy(
  host: { ip: string; port: number },
  container: { ip: string; port: number },
): Promise<PortProxy> {
  const connections = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => {
    const upstream = createConnection({ host: container.ip, port: container.port, allowHalfOpen: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      connections.add(socket);
      socket.on('error', () => other.resetAndDestroy());
      socket.on('close', () => connections.delete(socket));
    }
    upstream.on('connect', () => {
      client.pipe(upstream);
      upstream.pipe(client);
    });
  });
  const close = async (): Promise<void> => {
    for (const socket of connections) socket.destroy();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    await promise;
  };
  const { promise, resolve, reject } = Promise.withResolvers<PortProxy>();
  server.once('error', reject);
  server.listen({ host: host.ip, port: host.port, ipv6Only: host.ip.includes(':'), backlog: 4096 }, () => {
    server.off('error', reject);
    // A failing accept (no file descriptor left) is one lost connection, not the daemon's end.
    server.on('error', () => {});
    resolve({ close });
  });
  return promise;
}

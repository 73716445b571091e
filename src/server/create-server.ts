import { createServer, type IncomingMessage, type Server, type ServerOptions, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Duplex } from 'node:stream';
import type { TlsOptions } from 'node:tls';
import { type DispatchNeeds, dispatch, responseOn } from './dispatch.ts';
import type { Guard, ServerNeeds } from './needs.ts';
import { parseTarget, route } from './router.ts';
import { createRoutes } from './routes/index.ts';
import { headerLines, serverHeaders } from './server-headers.ts';
import { keepEarlyBytes } from './streams/hijack.ts';

/** A front per listening address; all lead to the same rooms. */
export interface ApiServer {
  /** A server ready to `listen`. */
  open(guard: Guard, tls?: TlsOptions): Server;
}

const OPTIONS: ServerOptions = {
  // A build context may upload for hours; only the head of a request has to hurry.
  requestTimeout: 0,
  headersTimeout: 60_000,
  keepAliveTimeout: 120_000,
  maxHeaderSize: 1024 * 1024,
  noDelay: true,
};

export function createApiServer(needs: ServerNeeds): ApiServer {
  const headers = serverHeaders(needs.version);
  const routes = createRoutes(needs.rooms, headerLines(headers));
  return {
    open(guard, tls) {
      const dispatching: DispatchNeeds = { routes, headers, guard, onFault: needs.onFault };
      const options = { ...OPTIONS, shouldUpgradeCallback: mayHijack };
      const server = tls === undefined ? createServer(options) : createTlsServer({ ...tls, ...options });
      serve(server, dispatching);
      return server;
    },
  };
}

function serve(server: Server, needs: DispatchNeeds): void {
  // Connections that will become raw streams: bytes after their request are not HTTP, whatever they look like.
  const turning = new WeakSet<Duplex>();
  server.on('request', (request, response) => {
    if (turning.has(request.socket)) {
      request.socket.destroy();
      return;
    }
    if (mayHijack(request)) turning.add(request.socket);
    response.on('finish', () => turning.delete(request.socket));
    void dispatch(needs, request, response);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => {});
    const upgraded = { socket, head };
    void dispatch(needs, request, responseOn(request, upgraded), upgraded);
  });
  server.on('clientError', (error: ClientError, socket: Duplex) => {
    if (turning.has(socket) && error.rawPacket !== undefined) {
      keepEarlyBytes(socket, error.rawPacket.subarray(error.bytesParsed ?? 0));
      return;
    }
    refuse(socket, error);
  });
}

interface ClientError extends Error {
  code?: string;
  rawPacket?: Buffer;
  bytesParsed?: number;
}

/** Only routes that become raw streams may upgrade; any other request with `Upgrade` is an ordinary one. */
function mayHijack(request: IncomingMessage): boolean {
  const target = parseTarget(request.url ?? '');
  if (target === undefined || 'moved' in target) return false;
  return route(request.method ?? '', target.path)?.endpoint.stream === 'hijack';
}

function refuse(socket: Duplex, error: ClientError): void {
  if (socket.destroyed || !socket.writable) return;
  const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : error.code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : 400;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n` +
      `${status} ${STATUS_CODES[status]}`,
    () => socket.destroy(),
  );
}

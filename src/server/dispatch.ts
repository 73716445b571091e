import { type IncomingMessage, ServerResponse } from 'node:http';
import { negotiate } from '../api/index.ts';
import { invalidParameter, isEngineError, notFound, notImplemented } from '../errors/index.ts';
import type { Exchange, Routes, UpgradedSocket } from './exchange.ts';
import { checkOrigin } from './guard.ts';
import { statusOf } from './http-status.ts';
import type { Guard } from './needs.ts';
import { sendError } from './respond.ts';
import { type Match, parseTarget, route } from './router.ts';

export interface DispatchNeeds {
  routes: Routes;
  headers: Record<string, string>;
  guard: Guard;
  onFault(where: string, error: unknown): void;
}

/** Takes one request from its first line to its last byte. Never rejects. */
export async function dispatch(
  needs: DispatchNeeds,
  request: IncomingMessage,
  response: ServerResponse,
  upgraded?: UpgradedSocket,
): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => {
    if (!response.writableFinished) gone.abort();
  });
  for (const name in needs.headers) response.setHeader(name, needs.headers[name] ?? '');
  const exchange: Exchange = {
    request,
    response,
    version: '',
    params: {},
    query: new URLSearchParams(),
    signal: gone.signal,
  };
  if (upgraded !== undefined) exchange.upgraded = upgraded;
  try {
    checkOrigin(request, needs.guard);
    await answer(needs, exchange);
  } catch (error) {
    fail(needs, exchange, error);
  }
}

async function answer(needs: DispatchNeeds, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const target = parseTarget(request.url ?? '');
  if (target === undefined) throw invalidParameter('bad-path', 'malformed request path');
  if ('moved' in target) {
    response.writeHead(301, { Location: target.moved, 'Content-Length': 0 }).end();
    return;
  }
  if (request.method === 'OPTIONS') {
    response.writeHead(200, { 'Content-Length': 0 }).end();
    return;
  }
  const match = route(request.method ?? '', target.path);
  if (match === undefined) throw notFound('page-not-found', 'page not found');
  const negotiated = negotiate(target.version);
  if ('refused' in negotiated) {
    refuseVersion(exchange, negotiated);
    return;
  }
  exchange.version = negotiated.version;
  exchange.params = match.params;
  exchange.query = target.query;
  await run(needs, exchange, match);
}

async function run(needs: DispatchNeeds, exchange: Exchange, match: Match): Promise<void> {
  const handler = needs.routes[match.key];
  if (handler === undefined) {
    throw notImplemented('endpoint-not-supported', `${match.key} is not supported yet by Berth`);
  }
  await handler(exchange);
}

/** Clients of Docker's first years get the reason as bare text, as dockerd gives it. */
function refuseVersion(exchange: Exchange, negotiated: { refused: 'too-old' | 'too-new'; message: string }): void {
  if (negotiated.refused === 'too-new') throw invalidParameter('version-too-new', negotiated.message);
  const body = Buffer.from(`${negotiated.message}\n`);
  exchange.response.writeHead(400, {
    'Content-Type': 'text/plain; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': body.length,
  });
  exchange.response.end(body);
}

/** How streams say that the client hung up. */
const HUNG_UP = new Set(['ABORT_ERR', 'ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED']);

function fail(needs: DispatchNeeds, exchange: Exchange, error: unknown): void {
  const { request, response, signal } = exchange;
  const hasHungUp = signal.aborted && HUNG_UP.has((error as NodeJS.ErrnoException).code ?? '');
  if (statusOf(error) === 500 && !isEngineError(error, 'cancelled') && !hasHungUp) {
    needs.onFault(`${request.method} ${request.url?.split('?', 1)[0]}`, error);
  }
  if (exchange.isHijacked) return;
  // Once the head is out an error cannot be said: a connection that breaks off is how the client learns of it.
  if (response.headersSent || response.destroyed) response.destroy();
  else sendError(response, error);
}

/** A response for a connection that upgraded but is to be answered over HTTP after all (an error, mostly). */
export function responseOn(request: IncomingMessage, { socket }: UpgradedSocket): ServerResponse {
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(socket as Parameters<ServerResponse['assignSocket']>[0]);
  response.on('finish', () => {
    if (response.socket === null) return;
    response.detachSocket(response.socket);
    socket.end();
  });
  return response;
}

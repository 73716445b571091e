import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { EndpointKey } from '../api/index.ts';

/** A connection that left HTTP at the client's word (`Upgrade`), with what it had already sent after the request. */
export interface UpgradedSocket {
  socket: Duplex;
  head: Buffer;
}

/** One request on its way through a handler. */
export interface Exchange {
  request: IncomingMessage;
  response: ServerResponse;
  /** The API version the path named, or the newest. */
  version: string;
  /** Parts of the path, decoded. */
  params: Record<string, string>;
  query: URLSearchParams;
  /** Aborted when the client goes away before the answer is complete. */
  signal: AbortSignal;
  /** Set when the request asked to upgrade and its route may. */
  upgraded?: UpgradedSocket;
  /** Set by the handler that took the connection over: nothing more is answered over HTTP. */
  isHijacked?: boolean;
}

/** Answers one request. What it throws becomes an error answer. */
export type Handler = (exchange: Exchange) => Promise<void> | void;
export type Routes = Partial<Record<EndpointKey, Handler>>;

/** A part of the path that the route's pattern guarantees. */
export function param(exchange: Exchange, name: 'id' | 'name'): string {
  return exchange.params[name] ?? '';
}

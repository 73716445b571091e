import type { ServerResponse } from 'node:http';
import type { Exchange } from './exchange.ts';
import { clientMessageOf, statusOf } from './http-status.ts';

export function sendJson(exchange: Exchange, status: number, value: unknown): void {
  endJson(exchange.response, status, value);
}

/** 204, 304 (no body at all) or 200/201 with an empty body, as the route documents. */
export function sendEmpty(exchange: Exchange, status: number): void {
  const { response } = exchange;
  if (status === 204 || status === 304) response.writeHead(status);
  else response.writeHead(status, { 'Content-Length': 0 });
  response.end();
}

/** `{"message":…}` with the status of the error's kind. */
export function sendError(response: ServerResponse, error: unknown): void {
  endJson(response, statusOf(error), { message: clientMessageOf(error) });
}

/** Sends status and headers now; the body follows chunk by chunk. */
export function openStream(exchange: Exchange, contentType: string): ServerResponse {
  const { response } = exchange;
  response.writeHead(200, { 'Content-Type': contentType });
  response.flushHeaders();
  return response;
}

function endJson(response: ServerResponse, status: number, value: unknown): void {
  const body = Buffer.from(`${JSON.stringify(value)}\n`);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

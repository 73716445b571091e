import type { Containers } from '../../containers/index.ts';
import { parseDetachKeys } from '../decode/detach-keys.ts';
import { boolValue } from '../decode/form.ts';
import { type Exchange, param, type Routes } from '../exchange.ts';
import { hijack, refuseHijack, streamType } from '../streams/hijack.ts';

export function attachRoutes(containers: Containers, serverHeaders: string): Routes {
  return { 'POST /containers/{id}/attach': (exchange) => attach(containers, exchange, serverHeaders) };
}

async function attach(containers: Containers, exchange: Exchange, serverHeaders: string): Promise<void> {
  let attached: ReturnType<Containers['attach']>;
  try {
    attached = containers.attach(param(exchange, 'id'), attachRequest(exchange.query));
  } catch (error) {
    refuseHijack(exchange, error, serverHeaders);
    return;
  }
  const hijacked = hijack(exchange, streamType(exchange.version, attached.tty), serverHeaders);
  try {
    await attached.run(hijacked.streams, hijacked.signal);
  } finally {
    hijacked.close();
  }
}

function attachRequest(query: URLSearchParams): Parameters<Containers['attach']>[1] {
  return {
    stdin: boolValue(query, 'stdin'),
    stdout: boolValue(query, 'stdout'),
    stderr: boolValue(query, 'stderr'),
    stream: boolValue(query, 'stream'),
    logs: boolValue(query, 'logs'),
    detachKeys: parseDetachKeys(query.get('detachKeys') ?? ''),
  };
}

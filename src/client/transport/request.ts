import { type ClientRequest, request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import type { Duplex, Readable } from 'node:stream';
import { EngineError, type ErrorKind, unavailable } from '../../errors/index.ts';
import type { Host } from './host.ts';

export type Query = Record<string, string | number | boolean | undefined | string[]>;

export interface ApiRequest {
  method: string;
  /** Without version prefix: `/containers/json`. */
  path: string;
  query?: Query | undefined;
  headers?: Record<string, string> | undefined;
  /** An object is sent as JSON; a stream as it is (content type application/x-tar unless headers say otherwise). */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Integers that a double cannot hold come as bigint instead of losing digits. */
  isExact?: boolean;
}

const KIND_OF_STATUS: Record<number, ErrorKind> = {
  400: 'invalid-parameter',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  501: 'not-implemented',
  503: 'unavailable',
};

export const isStream = (body: unknown): body is Readable => typeof (body as Readable | undefined)?.pipe === 'function';

export function queryString(query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value === undefined || value === false) continue;
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(key, one === true ? '1' : String(one));
  }
  const text = parameters.toString();
  return text === '' ? '' : `?${text}`;
}

function optionsFor(host: Host, version: string | undefined, wanted: ApiRequest): RequestOptions {
  const path = `${version === undefined ? '' : `/v${version}`}${wanted.path}${queryString(wanted.query)}`;
  const headers: Record<string, string> = {
    Host: host.kind === 'unix' ? 'berth' : `${host.hostname}:${host.port}`,
    ...wanted.headers,
  };
  const common = { method: wanted.method, path, headers, ...(wanted.signal && { signal: wanted.signal }) };
  return host.kind === 'unix'
    ? // An empty servername spares the agent from working one out of the Host header (6 ms of regular expressions).
      ({ ...common, socketPath: host.path, servername: '' } as RequestOptions)
    : { ...common, host: host.hostname, port: host.port };
}

function open(host: Host, options: RequestOptions): ClientRequest {
  if (host.kind === 'unix' || host.tls === undefined) return httpRequest(options);
  const https = process.getBuiltinModule('node:https');
  const { verify, ...files } = host.tls;
  return https.request({ ...options, ...files, rejectUnauthorized: verify });
}

/** What a failing connection means to the user, in docker's words. */
export function connectionError(host: Host, error: NodeJS.ErrnoException): EngineError {
  const where = host.kind === 'unix' ? `unix://${host.path}` : `tcp://${host.hostname}:${host.port}`;
  if (error.code === 'EACCES') {
    return unavailable(
      'daemon-forbidden',
      `permission denied while trying to connect to the daemon socket at ${where}`,
      { cause: error },
    );
  }
  return unavailable('daemon-unreachable', `Cannot connect to the daemon at ${where}. Is the daemon running?`, {
    cause: error,
  });
}

async function bodyText(answer: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** The EngineError that an answer with a failing status stands for; `detail.status` keeps the status. */
export async function errorOf(answer: IncomingMessage): Promise<EngineError> {
  const text = await bodyText(answer);
  const status = answer.statusCode ?? 500;
  let message = text.trim() || `the daemon answered ${status}`;
  try {
    message = (JSON.parse(text) as { message?: string }).message ?? message;
  } catch {
    // An answer that is not JSON speaks for itself.
  }
  return new EngineError(KIND_OF_STATUS[status] ?? 'system', message, { code: 'daemon-error', detail: { status } });
}

/** Sends and gives the answer once its headers are there, whatever its status. */
export function send(host: Host, version: string | undefined, wanted: ApiRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = optionsFor(host, version, wanted);
    const headers = options.headers as Record<string, string>;
    const json = wanted.body === undefined || isStream(wanted.body) ? undefined : JSON.stringify(wanted.body);
    if (json !== undefined) headers['Content-Type'] ??= 'application/json';
    if (json !== undefined) headers['Content-Length'] = String(Buffer.byteLength(json));
    else if (isStream(wanted.body)) headers['Content-Type'] ??= 'application/x-tar';
    else if (wanted.method !== 'GET' && wanted.method !== 'HEAD') headers['Content-Length'] = '0';
    const request = open(host, options);
    let isAnswered = false;
    request.once('response', (answer) => {
      isAnswered = true;
      resolve(answer);
    });
    request.on('error', (error: NodeJS.ErrnoException) => {
      if (!isAnswered) reject(error.name === 'AbortError' ? error : connectionError(host, error));
    });
    if (isStream(wanted.body)) {
      wanted.body.once('error', (error: Error) => request.destroy(error));
      wanted.body.pipe(request);
    } else request.end(json);
  });
}

/** Upgrades the connection to a raw stream (attach, exec). `isMultiplexed` follows the answer's content type. */
export function upgrade(
  host: Host,
  version: string,
  wanted: ApiRequest,
): Promise<{ stream: Duplex; isMultiplexed: boolean }> {
  return new Promise((resolve, reject) => {
    const options = optionsFor(host, version, wanted);
    const json = JSON.stringify(wanted.body ?? {});
    Object.assign(options.headers as object, {
      Connection: 'Upgrade',
      Upgrade: 'tcp',
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(json)),
    });
    const request = open(host, options);
    request.once('upgrade', (answer, socket: Duplex, head: Buffer) => {
      if (head.length > 0) socket.unshift(head);
      resolve({
        stream: socket,
        isMultiplexed: answer.headers['content-type'] === 'application/vnd.docker.multiplexed-stream',
      });
    });
    request.once('response', (answer) => {
      errorOf(answer).then(reject, reject);
    });
    request.once('error', (error: NodeJS.ErrnoException) => reject(connectionError(host, error)));
    request.end(json);
  });
}

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { isEngineError } from '../errors/index.ts';
import type { Host } from './transport/host.ts';
import { type ApiRequest, errorOf, isStream, send, upgrade } from './transport/request.ts';

/** The newest API version this client speaks; DOCKER_API_VERSION lowers it. */
export const API_VERSION = '1.51';

/** One engine, over its API. Failing statuses are thrown as EngineError with the daemon's own message. */
export interface Client {
  readonly host: Host;
  readonly apiVersion: string;
  /** The decoded JSON answer; undefined for 204 and 304. */
  json<T>(request: ApiRequest): Promise<T>;
  /** The answer with its body still to be read. */
  stream(request: ApiRequest): Promise<IncomingMessage>;
  /** JSON objects as they come (`\n` or `\r\n` between them). */
  messages<T>(request: ApiRequest): AsyncGenerator<T>;
  /** A raw connection to a process. */
  hijack(request: ApiRequest): Promise<{ stream: Duplex; isMultiplexed: boolean }>;
}

/**
 * A client that speaks `apiVersion`; without one the newest it knows, lowered to the daemon's own when that is older: a request
 * refused for its version is sent again, and one whose body can be sent only once asks (`GET /_ping`) before.
 */
export function createClient(host: Host, apiVersion?: string): Client {
  let version = apiVersion ?? API_VERSION;
  let isSettled = apiVersion !== undefined;
  const settle = (answer: IncomingMessage): void => {
    const theirs = answer.headers['api-version'];
    if (!isSettled && typeof theirs === 'string' && isOlder(theirs, version)) version = theirs;
    isSettled = true;
  };
  const ask = async (): Promise<void> => {
    const answer = await send(host, undefined, { method: 'GET', path: '/_ping' });
    answer.resume();
    settle(answer);
  };
  const isTooNew = (error: unknown): boolean =>
    !isSettled && isEngineError(error, 'invalid-parameter') && /client version \S+ is too new/.test(error.message);

  const stream = async (request: ApiRequest): Promise<IncomingMessage> => {
    if (!isSettled && isStream(request.body)) await ask();
    const answer = await send(host, version, request);
    if ((answer.statusCode ?? 500) < 400) {
      isSettled = true;
      return answer;
    }
    const error = await errorOf(answer);
    if (!isTooNew(error)) throw error;
    await ask();
    return stream(request);
  };
  return {
    host,
    get apiVersion() {
      return version;
    },
    stream,
    async json<T>(request: ApiRequest): Promise<T> {
      const answer = await stream(request);
      const chunks: Buffer[] = [];
      for await (const chunk of answer) chunks.push(chunk as Buffer);
      const text = Buffer.concat(chunks).toString();
      return (text === '' ? undefined : parse(text, request.isExact)) as T;
    },
    async *messages<T>(request: ApiRequest): AsyncGenerator<T> {
      yield* jsonLines<T>(await stream(request), request.isExact);
    },
    async hijack(request) {
      if (!isSettled) await ask();
      return upgrade(host, version, request);
    },
  };
}

function isOlder(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA < majorB || (majorA === majorB && minorA < minorB);
}

const parse = (text: string, isExact: boolean | undefined): unknown =>
  isExact ? JSON.parse(text, exactInteger) : JSON.parse(text);

function exactInteger(_: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || context?.source === undefined) return value;
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}

async function* jsonLines<T>(source: AsyncIterable<Buffer>, isExact: boolean | undefined): AsyncGenerator<T> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      const line = rest.subarray(0, end).toString().trim();
      rest = rest.subarray(end + 1);
      if (line !== '') yield parse(line, isExact) as T;
    }
  }
  const last = rest.toString().trim();
  if (last !== '') yield parse(last, isExact) as T;
}

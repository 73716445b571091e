import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Host } from './transport/host.ts';
import { type ApiRequest, errorOf, send, upgrade } from './transport/request.ts';

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

export function createClient(host: Host, apiVersion: string = API_VERSION): Client {
  const stream = async (request: ApiRequest): Promise<IncomingMessage> => {
    const answer = await send(host, apiVersion, request);
    if ((answer.statusCode ?? 500) >= 400) throw await errorOf(answer);
    return answer;
  };
  return {
    host,
    apiVersion,
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
    hijack: (request) => upgrade(host, apiVersion, request),
  };
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

import type { IncomingMessage } from 'node:http';
import { cancelled, invalidParameter } from '../../errors/index.ts';
import { parseJson } from './json-text.ts';
import type { Shape } from './shape.ts';

const MAX_JSON_BYTES = 16 * 1024 * 1024;

/**
 * The JSON body of a request. `undefined` when there is none: an empty body is a request for the defaults, except where
 * `isRequired`. @throws invalid-parameter for a wrong content type, broken JSON or a wrong type
 */
export async function readJsonBody<T>(
  request: IncomingMessage,
  shape: { decode: Shape<T>; goName: string },
  isRequired = false,
): Promise<T | undefined> {
  checkJsonContentType(request);
  if (!isRequired && isBodyless(request)) return undefined;
  return shape.decode(parseJson(await readText(request)), shape.goName) ?? undefined;
}

/** A body may only be JSON; without a body any (or no) type will do. */
export function checkJsonContentType(request: IncomingMessage): void {
  const header = request.headers['content-type'];
  if ((header === undefined || header === '') && isBodyless(request)) return;
  const type = (header ?? '').split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return;
  const shown = header ?? '';
  throw invalidParameter(
    'unsupported-content-type',
    shown === ''
      ? 'malformed Content-Type header (): mime: no media type'
      : `unsupported Content-Type header (${shown.split(';', 1)[0]?.trim()}): must be 'application/json'`,
  );
}

export function isBodyless(request: IncomingMessage): boolean {
  const length = request.headers['content-length'];
  return request.headers['transfer-encoding'] === undefined && (length === undefined || length === '0');
}

/** The whole body. Too long a one is read away unseen, so that its sender gets to hear why it is refused. */
function readText(request: IncomingMessage): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  request.on('data', (chunk: Buffer) => {
    sizeBytes += chunk.length;
    if (sizeBytes <= MAX_JSON_BYTES) chunks.push(chunk);
    else reject(invalidParameter('body-too-large', 'request body too large'));
  });
  request.once('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
  request.once('error', reject);
  request.once('close', () => reject(cancelled('client-gone', 'the client went away')));
  return promise;
}

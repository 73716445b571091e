import { request as httpRequest } from 'node:http';
import { connect } from 'node:net';

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

export interface RawRequest {
  headers?: Record<string, string>;
  body?: Buffer | string;
  timeoutMs?: number;
}

type Where = { socketPath: string } | { host: string; port: number };

/** One request as it is: nothing added, no status turned into an error. `path` goes out unescaped. */
export function rawRequest(where: Where, method: string, path: string, options: RawRequest = {}): Promise<RawAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const { headers = {}, body, timeoutMs = 60_000 } = options;
  const request = httpRequest({ ...where, method, path, headers, agent: false }, (answer) => {
    const chunks: Buffer[] = [];
    answer.on('data', (chunk: Buffer) => chunks.push(chunk));
    answer.on('error', reject);
    answer.on('end', () =>
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) }),
    );
  });
  request.setTimeout(timeoutMs, () => request.destroy(new Error(`no answer in ${timeoutMs} ms: ${method} ${path}`)));
  request.on('error', reject);
  request.end(body);
  return promise;
}

/** The status line's number for bytes written to a socket: for requests that an HTTP client would not send. */
export function rawStatus(socketPath: string, bytes: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const socket = connect(socketPath, () => socket.write(bytes));
  let text = '';
  socket.setTimeout(10_000, () => socket.destroy(new Error('no answer in 10 s')));
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
    const status = /^HTTP\/1\.1 (\d{3})/.exec(text)?.[1];
    if (status === undefined) return;
    resolve(Number(status));
    socket.destroy();
  });
  socket.on('error', reject);
  socket.on('close', () => resolve(0));
  return promise;
}

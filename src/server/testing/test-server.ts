import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApiServer } from '../create-server.ts';
import type { Guard, Rooms } from '../needs.ts';
import { route } from '../router.ts';
import { assertDescribed } from './api-description.ts';

export interface Answer {
  status: number;
  statusText: string;
  headers: IncomingHttpHeaders;
  text: string;
  json: unknown;
}

export interface AskOptions {
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** Sent as JSON, with its content type. */
  json?: unknown;
}

export interface TestServer extends AsyncDisposable {
  socketPath: string;
  /** What the server reported as its own fault. */
  faults: string[];
  /** One request; a JSON answer is checked against the API's description. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** Bytes to a bare connection; gives what came back until it closed (or until `until` was seen). */
  raw(bytes: string | Buffer, until?: string | RegExp): Promise<string>;
  connect(): Promise<Socket>;
}

/** The real front on a real socket, before rooms that a test wrote by hand. A room that is not given must not be reached. */
export async function openTestServer(
  rooms: { [Room in keyof Rooms]?: Partial<Rooms[Room]> },
  guard: Guard = { isTcp: false, hosts: undefined },
): Promise<TestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-server-'));
  const socketPath = join(folder, 's');
  const faults: string[] = [];
  const api = createApiServer({
    rooms: withRefusals(rooms),
    version: '0.0.0',
    onFault: (where, error) => faults.push(`${where}: ${String(error)}`),
  });
  const server = api.open(guard);
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  return {
    socketPath,
    faults,
    ask: (method, path, options) => ask(socketPath, method, path, options),
    raw: (bytes, until) => raw(socketPath, bytes, until),
    connect: () =>
      new Promise((resolve) => {
        const socket = connect(socketPath, () => resolve(socket));
      }),
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

function withRefusals(rooms: { [Room in keyof Rooms]?: Partial<Rooms[Room]> }): Rooms {
  const room = (name: string, given: object | undefined): unknown =>
    new Proxy(given ?? {}, {
      get(target, property) {
        const member = Reflect.get(target, property);
        if (member !== undefined) return member;
        return () => {
          throw new Error(`unexpected call: ${name}.${String(property)}`);
        };
      },
    });
  const names = ['containers', 'images', 'volumes', 'networks', 'builder', 'events', 'system'] as const;
  return Object.fromEntries(names.map((name) => [name, room(name, rooms[name])])) as unknown as Rooms;
}

function ask(socketPath: string, method: string, path: string, options: AskOptions = {}): Promise<Answer> {
  const body = options.json === undefined ? options.body : JSON.stringify(options.json);
  const headers: Record<string, string> = { ...options.headers };
  if (options.json !== undefined) headers['Content-Type'] ??= 'application/json';
  if (body !== undefined) headers['Content-Length'] ??= String(Buffer.byteLength(body));
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const status = response.statusCode ?? 0;
        const isJson = response.headers['content-type'] === 'application/json' && text.trim() !== '';
        const json: unknown = isJson && !text.trim().includes('\n') ? JSON.parse(text) : undefined;
        const key = keyOf(method, path);
        try {
          if (json !== undefined && key !== undefined) assertDescribed(key, status, json);
        } catch (error) {
          reject(error);
        }
        resolve({ status, statusText: response.statusMessage ?? '', headers: response.headers, text, json });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function keyOf(method: string, path: string): string | undefined {
  return route(method, (path.split('?')[0] ?? '').replace(/^\/v[0-9.]+/, ''))?.key;
}

function raw(socketPath: string, bytes: string | Buffer, until?: string | RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath, () => socket.write(bytes));
    let got = '';
    const done = (): void => {
      socket.destroy();
      resolve(got);
    };
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      got += chunk;
      if (until !== undefined && (typeof until === 'string' ? got.includes(until) : until.test(got))) done();
    });
    socket.on('end', done);
    socket.on('error', reject);
  });
}

import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { runCommandLine } from '../run-command-line.ts';

export interface FakeEngine extends AsyncDisposable {
  host: string;
  /** `METHOD /path?query`, in order. */
  requests: string[];
}

export type Answer = (request: IncomingMessage, path: string) => { status?: number; body?: unknown };

/** A socket that answers like an engine: `answer` decides by path (version prefix taken off). */
export async function startFakeEngine(answer: Answer, apiVersion = '1.51'): Promise<FakeEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-fake-'));
  const requests: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const [, version, path = ''] = /^(?:\/v([\d.]+))?(\/.*)$/.exec(request.url ?? '') ?? [];
    requests.push(`${request.method} ${version === undefined ? '' : `v${version} `}${path}`);
    request.resume();
    request.on('end', () => {
      const { status = 200, body } = answer(request, path);
      response.writeHead(status, { 'Api-Version': apiVersion, 'Content-Type': 'application/json' });
      response.end(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  const path = join(folder, 'engine.sock');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: `unix://${path}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs one command line against `host`, its streams held. */
export async function runCli(host: string, argv: string[], env: NodeJS.ProcessEnv = {}): Promise<Ran> {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const sink = (chunks: Buffer[]): NodeJS.WriteStream => {
    const stream = new PassThrough();
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return stream as unknown as NodeJS.WriteStream;
  };
  const stdin = new PassThrough();
  stdin.end();
  const [stdout, stderr] = [sink(out), sink(err)];
  const code = await runCommandLine({
    argv,
    env: { HOME: '/nonexistent', BERTH_HOST: host, ...env },
    stdin: stdin as unknown as NodeJS.ReadStream,
    stdout,
    stderr,
  });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

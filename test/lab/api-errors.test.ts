// The same refused requests to Berth and to another engine (TARGET_HOST=unix://…): the same status, the same words.
// Where we differ it is said and why. Needs root, and an engine to compare with that has an image busybox.
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { provideImage } from '../support/busybox.ts';
import { type Engine, startEngine } from '../support/engine.ts';

interface Case {
  ask: string;
  json?: unknown;
  body?: string;
  /** Our status, where dockerd answers 500 or 200 to what is the client's mistake. */
  status?: number;
}

const filters = (value: Record<string, string[]>): string => `filters=${encodeURIComponent(JSON.stringify(value))}`;
const create = (json: unknown, status?: number): Case => ({
  ask: 'POST /containers/create',
  json,
  ...(status !== undefined && { status }),
});
const host = (HostConfig: unknown, status?: number): Case => create({ Image: 'busybox', HostConfig }, status);

const CASES: Case[] = [
  { ask: 'GET /nope' },
  { ask: 'PUT /containers/json' },
  { ask: 'GET /v1.23/version' },
  { ask: 'GET /v1.52/version' },
  { ask: 'GET /containers/zz/json' },
  { ask: 'GET /containers/zz/logs' },
  { ask: 'GET /containers/zz/logs?stdout=1' },
  { ask: 'GET /containers/zz/top' },
  { ask: 'POST /containers/zz/start' },
  { ask: 'POST /containers/zz/start', json: { Binds: ['/:/x'] } },
  { ask: 'POST /containers/zz/stop' },
  { ask: 'POST /containers/zz/restart' },
  { ask: 'POST /containers/zz/pause' },
  { ask: 'POST /containers/zz/unpause' },
  { ask: 'POST /containers/zz/rename' },
  { ask: 'POST /containers/zz/rename?name=a' },
  { ask: 'POST /containers/zz/resize?h=1&w=1' },
  { ask: 'POST /containers/zz/resize?h=a' },
  { ask: 'POST /containers/zz/wait' },
  { ask: 'POST /containers/zz/wait?condition=x' },
  { ask: 'DELETE /containers/zz' },
  { ask: 'GET /containers/zz/archive?path=/' },
  { ask: 'GET /containers/zz/archive' },
  { ask: 'PUT /containers/zz/archive?path=/' },
  { ask: 'POST /containers/zz/attach' },
  { ask: 'POST /containers/zz/attach?detachKeys=foo' },
  { ask: 'POST /containers/zz/exec', json: { Cmd: ['a'] } },
  { ask: 'POST /containers/zz/exec', json: {} },
  { ask: 'POST /exec/zz/start', json: {} },
  { ask: 'GET /exec/zz/json' },
  { ask: 'POST /exec/zz/resize?h=1&w=1' },
  { ask: `GET /containers/json?${filters({ foo: ['x'] })}` },
  { ask: `GET /containers/json?${filters({ status: ['x'] })}` },
  { ask: `GET /containers/json?${filters({ exited: ['x'] })}` },
  { ask: `GET /containers/json?${filters({ before: ['x'] })}` },
  { ask: 'GET /containers/json?limit=abc', status: 400 },
  { ask: `POST /containers/prune?${filters({ foo: ['x'] })}` },
  { ask: 'POST /containers/create' },
  { ask: 'POST /containers/create', body: 'x' },
  ...[{}, { Image: 'no-such-image' }, { Image: 'Busy' }, { Image: 1 }, { Image: 'busybox', WorkingDir: 'rel' }].map(
    (json) => create(json),
  ),
  create({ Image: 'busybox', Env: ['=a'] }),
  create({ Image: 'busybox', StopSignal: 'SIGFOO' }),
  host({ Memory: 1 }),
  host({ Memory: 'x' }),
  host({ Memory: 1.5 }),
  host({ NanoCpus: -1 }),
  host({ ShmSize: -1 }),
  host({ RestartPolicy: { Name: 'bad' } }),
  host({ CapAdd: ['FOO'] }),
  host({ AutoRemove: true, RestartPolicy: { Name: 'always' } }),
  host({ PortBindings: { '80/tcp': [{ HostPort: 'abc' }] } }),
  host({ Binds: ['a:b:c:d'] }, 400),
  host({ Binds: ['/x:rel'] }, 400),
  host({ PidMode: 'container:zz' }, 404),
  { ask: 'POST /containers/create?name=!!', json: { Image: 'busybox' } },
  { ask: 'POST /containers/create?name=a', json: { Image: 'busybox' } },
  { ask: 'GET /images/zz/json' },
  { ask: 'GET /images/zz/history' },
  { ask: 'GET /images/zz/get' },
  { ask: 'GET /images/get?names=zz' },
  { ask: 'GET /images/busybox/json?platform=x' },
  { ask: `GET /images/busybox/json?platform=${encodeURIComponent('{"os":"windows","architecture":"amd64"}')}` },
  { ask: 'POST /images/zz/tag?repo=a' },
  { ask: 'POST /images/busybox/tag?repo=A' },
  { ask: 'DELETE /images/zz' },
  { ask: `GET /images/json?${filters({ foo: ['x'] })}` },
  { ask: `GET /images/json?${filters({ dangling: ['x'] })}` },
  { ask: `GET /images/json?${filters({ before: ['x'] })}` },
  { ask: `POST /images/prune?${filters({ foo: ['x'] })}` },
  { ask: 'POST /images/create?fromSrc=-&repo=Bad!' },
  { ask: 'GET /volumes/zz' },
  { ask: 'DELETE /volumes/zz' },
  { ask: 'POST /volumes/create', json: { Name: '../x' } },
  { ask: 'POST /volumes/create', json: { Name: 'vv1', DriverOpts: { foo: 'x' } } },
  { ask: 'PUT /volumes/zz', json: {} },
  { ask: `GET /volumes?${filters({ foo: ['x'] })}` },
  { ask: `POST /volumes/prune?${filters({ foo: ['x'] })}` },
  { ask: 'GET /networks/zz' },
  { ask: 'DELETE /networks/zz' },
  { ask: 'DELETE /networks/bridge' },
  { ask: `GET /networks?${filters({ foo: ['x'] })}` },
  { ask: 'GET /events?since=abc', status: 400 },
  { ask: 'GET /events?since=3&until=2' },
  { ask: 'GET /swarm' },
  { ask: 'POST /swarm/leave' },
  { ask: 'GET /nodes' },
  { ask: 'GET /plugins' },
  { ask: 'GET /plugins/zz/json' },
  { ask: 'POST /build/cancel' },
  { ask: 'POST /build?buildargs=x', body: '' },
  { ask: 'POST /build?labels=x', body: '' },
  { ask: 'POST /build?shmsize=a', body: '', status: 400 },
];

const other = process.env.TARGET_HOST?.replace(/^unix:\/\//, '');
const skip = other === undefined && 'TARGET_HOST names no engine to compare with';

let engine: Engine;
before(async () => {
  if (other === undefined) return;
  engine = await startEngine();
  provideImage(engine);
});
after(() => engine?.stop());

for (const refused of CASES) {
  const shown = `${decodeURIComponent(refused.ask)} ${JSON.stringify(refused.json ?? refused.body ?? '')}`;
  test(shown, { skip }, async () => {
    const ours = await ask(engine.socket, refused);
    const theirs = await ask(other ?? '', refused);
    assert.deepEqual(ours, { ...theirs, status: refused.status ?? theirs.status });
  });
}

function ask(socketPath: string, { ask: line, json, body }: Case): Promise<{ status: number; text: string }> {
  const [method, path] = line.split(' ');
  const data = json === undefined ? body : JSON.stringify(json);
  const type = line.includes('/build') ? 'application/x-tar' : 'application/json';
  const headers = data === undefined ? {} : { 'Content-Type': type, 'Content-Length': Buffer.byteLength(data) };
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method, path, headers, agent: false, timeout: 10_000 }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += String(chunk);
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text: text.trim() }));
    });
    asked.on('error', reject);
    asked.end(data);
  });
}

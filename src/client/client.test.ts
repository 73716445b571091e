import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import { createClient } from './client.ts';
import { demultiplex } from './demultiplex.ts';
import { type Host, hostFromEnvironment, parseHost } from './transport/host.ts';

interface Engine extends AsyncDisposable {
  host: Host;
  seen: string[];
}

/** An engine that speaks `version` at most and refuses newer clients, as dockerd does. */
async function oldEngine(version: string, body = '{"ok":true}'): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-client-'));
  const seen: string[] = [];
  const server = createServer((request, response) => {
    const [, asked, path] = /^(?:\/v([\d.]+))?(.*)$/.exec(request.url ?? '') ?? [];
    seen.push(`${asked ?? '-'} ${path}`);
    request.resume();
    request.on('end', () => {
      response.setHeader('Api-Version', version);
      const isTooNew = asked !== undefined && Number(asked.slice(2)) > Number(version.slice(2));
      const message = `client version ${asked} is too new. Maximum supported API version is ${version}`;
      response.statusCode = isTooNew ? 400 : 200;
      response.end(isTooNew ? JSON.stringify({ message }) : path === '/_ping' ? 'OK' : body);
    });
  });
  const path = join(folder, 's');
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return {
    host: { kind: 'unix', path },
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

const get = { method: 'GET', path: '/info' };

test('client: an engine as new as the client is asked once', async () => {
  await using engine = await oldEngine('1.51');
  assert.deepEqual(await createClient(engine.host).json(get), { ok: true });
  assert.deepEqual(engine.seen, ['1.51 /info']);
});

test('client: an older engine lowers the version, once', async () => {
  await using engine = await oldEngine('1.44');
  const client = createClient(engine.host);
  await client.json(get);
  await client.json(get);
  assert.equal(client.apiVersion, '1.44');
  assert.deepEqual(engine.seen, ['1.51 /info', '- /_ping', '1.44 /info', '1.44 /info']);
});

test('client: a body that can be sent once is sent once', async () => {
  await using engine = await oldEngine('1.44');
  await createClient(engine.host).json({ method: 'POST', path: '/build', body: Readable.from([Buffer.from('tar')]) });
  assert.deepEqual(engine.seen, ['- /_ping', '1.44 /build']);
});

test('client: a version that was asked for stays', async () => {
  await using engine = await oldEngine('1.44');
  await assert.rejects(createClient(engine.host, '1.50').json(get), { message: /is too new/ });
  assert.deepEqual(engine.seen, ['1.50 /info']);
});

test('client: integers beyond a double, when asked for', async () => {
  await using engine = await oldEngine('1.51', '{"a":9007199254740993,"b":1.5,"c":7}');
  const exact = await createClient(engine.host).json({ ...get, isExact: true });
  assert.deepEqual(exact, { a: 9007199254740993n, b: 1.5, c: 7 });
});

test('client: nobody there', async () => {
  const client = createClient({ kind: 'unix', path: '/nonexistent/s' });
  await assert.rejects(client.json(get), { code: 'daemon-unreachable', kind: 'unavailable' });
});

const hosts: [text: string, host: Host][] = [
  ['unix:///run/x.sock', { kind: 'unix', path: '/run/x.sock' }],
  ['tcp://h:1', { kind: 'tcp', hostname: 'h', port: 1, tls: undefined }],
  ['tcp://h', { kind: 'tcp', hostname: 'h', port: 2375, tls: undefined }],
  ['h:99', { kind: 'tcp', hostname: 'h', port: 99, tls: undefined }],
  ['tcp://[::1]:5', { kind: 'tcp', hostname: '::1', port: 5, tls: undefined }],
  ['https://h', { kind: 'tcp', hostname: 'h', port: 2376, tls: { verify: true } }],
];
for (const [text, host] of hosts) test(`host ${text}`, () => assert.deepEqual(parseHost(text, undefined), host));
for (const text of ['ssh://x', 'tcp://x:y', 'npipe:////x'])
  test(`host ${text} is refused`, () => assert.throws(() => parseHost(text, undefined), { code: 'invalid-host' }));

const environments: [env: NodeJS.ProcessEnv, explicit: string | undefined, path: string, isOwn: boolean][] = [
  [{}, undefined, '/run/berth/berth.sock', true],
  [{ DOCKER_HOST: 'unix:///d' }, undefined, '/d', false],
  [{ DOCKER_HOST: 'unix:///d', BERTH_HOST: 'unix:///b' }, undefined, '/b', false],
  [{ BERTH_HOST: 'unix:///b' }, 'unix:///h', '/h', false],
  [{ BERTH_HOST: '' }, undefined, '/run/berth/berth.sock', true],
];
for (const [env, explicit, path, isOwn] of environments) {
  test(`host of ${JSON.stringify(env)} ${explicit ?? ''}`, () =>
    assert.deepEqual(hostFromEnvironment(env, explicit), { host: { kind: 'unix', path }, isOwn }));
}

test('demultiplex: frames cut anywhere', async () => {
  const frame = (type: number, text: string): Buffer => {
    const header = Buffer.alloc(8);
    header[0] = type;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  const all = Buffer.concat([frame(1, 'out'), frame(2, 'error'), frame(1, ''), frame(1, ' more')]);
  for (const size of [1, 3, 8, 100]) {
    const chunks = Array.from({ length: Math.ceil(all.length / size) }, (_, i) =>
      all.subarray(i * size, i * size + size),
    );
    const [out, err] = [new PassThrough(), new PassThrough()];
    await demultiplex(Readable.from(chunks), out, err);
    out.end();
    err.end();
    const read = async (stream: PassThrough): Promise<string> => Buffer.concat(await stream.toArray()).toString();
    assert.deepEqual([await read(out), await read(err)], ['out more', 'error']);
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openTestServer } from './testing/test-server.ts';

//
test('credentials of any usual length fit in the head; beyond 1 MiB the head is refused', async () => {
  await using server = await openTestServer({});
  for (const [length, status] of [
    [64 * 1024, 200],
    [300 * 1024, 200],
    [1100 * 1024, 431],
  ] as const) {
    const head = `GET /_ping HTTP/1.1\r\nHost: d\r\nConnection: close\r\nX-Registry-Config: ${'A'.repeat(length)}\r\n\r\n`;
    const answer = await server.raw(head).catch(() => 'HTTP/1.1 431 cut');
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), String(length));
  }
});

// whatever arrives, the server answers or hangs up, and serves the next client.
test('mutilated requests do no harm', async () => {
  await using server = await openTestServer({});
  const whole =
    'POST /v1.51/containers/create?name=x HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}';
  const cases = [
    whole.replace('Content-Length: 2', 'Content-Length: 2\r\nTransfer-Encoding: chunked'),
    whole.replace('Content-Length: 2', 'Content-Length: 2\r\nContent-Length: 3'),
    whole.replace('Content-Length: 2', 'Content-Length: -1'),
    whole.replace('Content-Length: 2', 'Content-Length: 99999999999999999999'),
    whole.replaceAll('\r\n', '\n'),
    whole.replace('HTTP/1.1', 'HTTP/9.9'),
    whole.replace('POST', 'P\0ST'),
    whole.replace('/v1.51', '/v1.51/%00/../..'),
    `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n`,
    `GET ${'/a'.repeat(100_000)} HTTP/1.1\r\nHost: d\r\n\r\n`,
    `GET /_ping HTTP/1.1\r\nHost: d\r\n${'X: y\r\n'.repeat(10_000)}\r\n`,
    'GET /_ping HTTP/1.1\r\n\r\n',
    '\r\n\r\n\r\n',
    'x',
  ];
  let state = 7;
  const random = (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state % below;
  };
  for (let i = 0; i < 300; i++) {
    const bytes = Buffer.from(whole);
    for (let n = random(6) + 1; n > 0; n--) bytes[random(bytes.length)] = random(256);
    cases.push(bytes.subarray(0, random(4) === 0 ? random(bytes.length) : bytes.length).toString('latin1'));
  }
  for (const bytes of cases) {
    const socket = await server.connect();
    socket.on('error', () => {});
    socket.resume();
    socket.end(Buffer.from(bytes, 'latin1'));
    await Promise.race([new Promise((resolve) => socket.once('close', resolve)), sleep(200)]);
    socket.destroy();
  }
  assert.equal((await server.ask('GET', '/_ping')).text, 'OK');
  assert.deepEqual(server.faults, []);
});

// what looks like a path is only a name.
test('paths in names stay names', async () => {
  const names: string[] = [];
  const note = (name: string): never => {
    names.push(name);
    throw new RangeError(name);
  };
  await using server = await openTestServer({
    containers: { inspect: async (name) => note(name) },
    volumes: { inspect: async (name) => note(name) },
  });
  await server.ask('GET', '/containers/..%2f..%2fetc%2fpasswd/json');
  await server.ask('GET', '/volumes/%2e%2e%2fx');
  await server.ask('GET', '/volumes/a%00b');
  assert.deepEqual(names, ['a\0b']);
});

test('an upload that trickles is not cut, one that ends early is over', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  await using server = await openTestServer({
    containers: {
      putArchive: async (_ref, _path, tar) => {
        try {
          for await (const _ of tar);
          resolve('whole');
        } catch (error) {
          resolve((error as Error).message);
          throw error;
        }
      },
    },
  });
  const socket = await server.connect();
  socket.write('PUT /containers/x/archive?path=/ HTTP/1.1\r\nHost: d\r\nContent-Length: 1000\r\n\r\n');
  for (let i = 0; i < 5; i++) {
    socket.write('x');
    await sleep(20);
  }
  socket.destroy();
  assert.match(await promise, /aborted/);
  assert.equal((await server.ask('GET', '/_ping')).status, 200);
  assert.deepEqual(server.faults, []);
});

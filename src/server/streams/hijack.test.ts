import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AttachRequest, AttachStreams } from '../../containers/index.ts';
import { invalidParameter, notFound } from '../../errors/index.ts';
import { openTestServer } from '../testing/test-server.ts';

const UPGRADE = 'Host: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n';
const EXEC_BODY = '{"Detach":false,"Tty":false}';
const execStart = (upgrade: string): string =>
  `POST /v1.51/exec/e/start HTTP/1.1\r\n${upgrade}Content-Type: application/json\r\nContent-Length: ${EXEC_BODY.length}\r\n\r\n${EXEC_BODY}`;

/** A process that answers with all it was given, once its input has ended. */
const upperCase = async ({ input, output }: AttachStreams): Promise<void> => {
  let text = '';
  for await (const chunk of input) text += String(chunk);
  output.write(text.toUpperCase());
};

test('with Upgrade the connection is switched, and half-close is the end of input', async () => {
  let asked: AttachRequest | undefined;
  await using server = await openTestServer({
    containers: {
      attach: (_ref, request) => {
        asked = request;
        return { tty: false, run: upperCase };
      },
    },
  });
  const socket = await server.connect();
  let got = '';
  socket.on('data', (chunk) => {
    got += String(chunk);
  });
  // Stdin in the same packet as the request is not lost.
  socket.write(`POST /v1.51/containers/x/attach?stdin=1&stream=1&stdout=1 HTTP/1.1\r\n${UPGRADE}\r\nearly `);
  while (!got.includes('\r\n\r\n')) await sleep(5);
  socket.write('and ');
  socket.end('late');
  await once(socket, 'close');
  const [head = '', body] = got.split('\r\n\r\n');
  assert.equal(head.split('\r\n')[0], 'HTTP/1.1 101 UPGRADED');
  assert.match(head, /\r\nContent-Type: application\/vnd\.docker\.multiplexed-stream\r\n/);
  assert.match(head, /\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n/);
  assert.match(head, /\r\nApi-Version: 1\.51\r\n/);
  assert.equal(body, 'EARLY AND LATE');
  assert.equal(asked?.stdin, true);
  assert.deepEqual(asked?.detachKeys, Buffer.from([16, 17]));
});

test('without Upgrade the answer is a raw 200, stdin works all the same', async () => {
  await using server = await openTestServer({ containers: { attach: () => ({ tty: false, run: upperCase }) } });
  for (const early of ['', 'early ']) {
    const socket = await server.connect();
    let got = '';
    socket.on('data', (chunk) => {
      got += String(chunk);
    });
    socket.write(`POST /v1.51/containers/x/attach?stdin=1&stream=1 HTTP/1.1\r\nHost: d\r\n\r\n${early}`);
    while (!got.includes('\r\n\r\n')) await sleep(5);
    socket.end('GET /late HTTP/1.1\r\n\r\n');
    await once(socket, 'close');
    const [head = '', body] = got.split(/\r\n\r\n(.*)/s);
    assert.equal(head.split('\r\n')[0], 'HTTP/1.1 200 OK');
    assert.match(head, /Content-Type: application\/vnd\.docker\.raw-stream/);
    assert.doesNotMatch(head, /content-length|transfer-encoding/i);
    assert.equal(body, `${early}GET /late HTTP/1.1\r\n\r\n`.toUpperCase());
  }
});

test('the type is multiplexed only without a terminal and from 1.42 on', async () => {
  const cases: [string, boolean, string][] = [
    ['1.51', false, 'multiplexed'],
    ['1.42', false, 'multiplexed'],
    ['1.41', false, 'raw'],
    ['1.51', true, 'raw'],
  ];
  for (const [version, tty, type] of cases) {
    await using server = await openTestServer({ containers: { attach: () => ({ tty, run: async () => {} }) } });
    const got = await server.raw(`POST /v${version}/containers/x/attach HTTP/1.1\r\n${UPGRADE}\r\n`);
    assert.match(got, new RegExp(`application/vnd\\.docker\\.${type}-stream`), `${version} ${tty}`);
  }
});

test('a refusal before the stream is bare text under a raw head', async () => {
  await using server = await openTestServer({
    containers: {
      attach: () => {
        throw notFound('no-such-container', 'No such container: xx');
      },
    },
  });
  for (const upgrade of ['Host: d\r\n', UPGRADE]) {
    const got = await server.raw(`POST /containers/xx/attach HTTP/1.1\r\n${upgrade}\r\n`);
    assert.match(got, /^HTTP\/1\.1 404 Not Found\r\nContent-Type: application\/vnd\.docker\.raw-stream\r\n/);
    assert.ok(got.endsWith('\r\n\r\nNo such container: xx\r\n'), got);
  }
  const keys = await server.raw('POST /containers/x/attach?detachKeys=foo HTTP/1.1\r\nHost: d\r\n\r\n');
  assert.match(keys, /^HTTP\/1\.1 400 Bad Request.*Invalid detach keys \(foo\) provided\r\n$/s);
});

test('exec start reads its body first; its refusal is an ordinary answer', async () => {
  await using server = await openTestServer({
    containers: {
      execStart: async (id, config) => {
        if (id !== 'e') throw notFound('no-such-exec', `No such exec instance: ${id}`);
        assert.deepEqual(config, { Detach: false, Tty: false });
        return {
          tty: false,
          run: async (streams) => {
            streams?.output.write('out');
          },
        };
      },
    },
  });
  assert.match(await server.raw(execStart(UPGRADE)), /^HTTP\/1\.1 101 UPGRADED.*\r\n\r\nout$/s);
  assert.match(await server.raw(execStart('Host: d\r\n')), /^HTTP\/1\.1 200 OK.*\r\n\r\nout$/s);
  for (const upgrade of [UPGRADE, 'Host: d\r\nConnection: close\r\n']) {
    const refused = await server.raw(execStart(upgrade).replace('/exec/e/', '/exec/xx/'));
    assert.match(refused, /^HTTP\/1\.1 404 Not Found.*\{"message":"No such exec instance: xx"\}\n$/s);
  }
});

test('a failure after the switch goes into the stream', async () => {
  await using server = await openTestServer({
    containers: {
      execStart: async () => ({
        tty: false,
        run: async () => {
          throw invalidParameter('x', 'executable file not found in $PATH');
        },
      }),
    },
  });
  const got = await server.raw(execStart(UPGRADE));
  assert.ok(got.endsWith('\x01\0\0\0\0\0\0\x24executable file not found in $PATH\r\n'), got);
});

test('a detached exec is answered when it has started', async () => {
  await using server = await openTestServer({
    containers: {
      execStart: async () => ({
        tty: false,
        run: async (streams) => {
          assert.equal(streams, undefined);
        },
      }),
    },
  });
  const { status, text } = await server.ask('POST', '/exec/e/start', { json: { Detach: true } });
  assert.deepEqual([status, text], [200, '']);
});

test('a half-close leaves the output open; a client that is gone is noticed at the next write', async () => {
  const { promise: aborted, resolve: onAborted } = Promise.withResolvers<void>();
  await using server = await openTestServer({
    containers: {
      attach: () => ({
        tty: true,
        run: async (streams, signal) => {
          streams.input.resume();
          await once(streams.input, 'end');
          while (!signal.aborted) {
            streams.output.write('tick ');
            await sleep(5);
          }
          onAborted();
        },
      }),
    },
  });
  const socket = await server.connect();
  let got = '';
  socket.on('data', (chunk) => {
    got += String(chunk);
  });
  socket.end(`POST /containers/x/attach HTTP/1.1\r\n${UPGRADE}\r\n`);
  while (!got.endsWith('tick tick ')) await sleep(1);
  socket.destroy();
  await aborted;
});

// a reader that stops must stop its producer.
test('output waits for a client that does not read', async () => {
  let written = 0;
  let isStopped = false;
  await using server = await openTestServer({
    containers: {
      attach: () => ({
        tty: true,
        run: async ({ output }, signal) => {
          const chunk = Buffer.alloc(64 * 1024);
          for (let i = 0; i < 1600 && !signal.aborted; i++) {
            if (!output.write(chunk)) {
              isStopped = true;
              await once(output, 'drain', { signal }).catch(() => {});
            }
            written += chunk.length;
          }
        },
      }),
    },
  });
  const socket = await server.connect();
  socket.pause();
  socket.write(`POST /containers/x/attach HTTP/1.1\r\n${UPGRADE}\r\n`);
  await sleep(200);
  assert.equal(isStopped, true);
  assert.ok(written < 2 * 1024 * 1024, `${written} bytes were taken from the process`);
  socket.destroy();
});

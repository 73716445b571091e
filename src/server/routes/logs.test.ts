import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogEntry, LogReadOptions } from '../../logs/index.ts';
import { encodeLogEntries } from '../streams/log-text.ts';
import { openTestServer } from '../testing/test-server.ts';

const entry = (stream: 'stdout' | 'stderr', text: string, rest: Partial<LogEntry> = {}): LogEntry => ({
  stream,
  line: Buffer.from(text),
  timeNs: 1_795_231_911_000_000_042n,
  partial: false,
  ...rest,
});

test('lines are framed or raw, with times of nine digits and sorted details', () => {
  const entries = [entry('stdout', 'hé\n'), entry('stderr', 'x', { attributes: { b: '1 2', a: 'ü&' } })];
  const cases: [object, string][] = [
    [{ tty: true, timestamps: false, details: false }, 'hé\nx'],
    [{ tty: false, timestamps: false, details: false }, '\x01\0\0\0\0\0\0\x04hé\n\x02\0\0\0\0\0\0\x01x'],
    [
      { tty: true, timestamps: true, details: false },
      '2026-11-21T03:31:51.000000042Z hé\n2026-11-21T03:31:51.000000042Z x',
    ],
    [{ tty: true, timestamps: false, details: true }, ' hé\na=%C3%BC%26,b=1+2 x'],
  ];
  for (const [format, expected] of cases) {
    assert.equal(encodeLogEntries(entries, format as never).toString(), expected, JSON.stringify(format));
  }
});

test('parameters, and the type of what comes', async () => {
  const asked: LogReadOptions[] = [];
  await using server = await openTestServer({
    containers: {
      logs: (_ref, options) => {
        asked.push(options);
        return {
          tty: false,
          entries: (async function* () {
            yield [entry('stdout', 'hi\n')];
          })(),
        };
      },
    },
  });
  const answer = await server.ask('GET', '/containers/x/logs?stdout=1&stderr=1&since=5.5&until=7&tail=3&follow=1');
  assert.equal(answer.text, '\x01\0\0\0\0\0\0\x03hi\n');
  assert.equal(answer.headers['content-type'], 'application/vnd.docker.multiplexed-stream');
  assert.equal(answer.headers['transfer-encoding'], 'chunked');
  const old = await server.ask('GET', '/v1.41/containers/x/logs?stdout=1&tail=all&since=0');
  assert.equal(old.headers['content-type'], 'application/vnd.docker.raw-stream');
  assert.deepEqual(asked, [
    { stdout: true, stderr: true, follow: true, sinceNs: 5_500_000_000n, untilNs: 7_000_000_000n, tail: 3 },
    { stdout: true, stderr: false, follow: false },
  ]);
});

// what a client does not read is not made.
test('a reader that stops stops the reading of the log', async () => {
  let batches = 0;
  await using server = await openTestServer({
    containers: {
      logs: () => ({
        tty: true,
        entries: (async function* () {
          for (; batches < 10_000; batches++) yield [entry('stdout', 'x'.repeat(64 * 1024))];
        })(),
      }),
    },
  });
  const socket = await server.connect();
  socket.pause();
  socket.write('GET /containers/x/logs?stdout=1&follow=1 HTTP/1.1\r\nHost: d\r\n\r\n');
  await sleep(200);
  assert.ok(batches > 0 && batches < 50, `${batches} batches were read`);
  const stoppedAt = batches;
  await sleep(50);
  assert.equal(batches, stoppedAt);
  socket.destroy();
});

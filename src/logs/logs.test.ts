import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import {
  createLogs,
  type LogEntry,
  type LoggedContainer,
  type LogReadOptions,
  type Logs,
  type LogWriter,
} from './index.ts';

const never = new AbortController().signal;
const all: LogReadOptions = { stdout: true, stderr: true, follow: false };

function setUp(
  t: TestContext,
  options: Record<string, string> = {},
  type = 'json-file',
): { logs: Logs; box: LoggedContainer } {
  const dir = mkdtempSync(path.join(tmpdir(), 'berth-logs-'));
  let tick = 0n;
  const logs = createLogs({ nowNs: () => 1_795_232_307_000_000_000n + 1_000_000_000n * tick++ });
  t.after(async () => {
    await logs.close();
    rmSync(dir, { recursive: true });
  });
  return { logs, box: { id: 'abc', name: 'x', dir, labels: {}, env: [], config: { type, options } } };
}

async function readAll(source: AsyncIterable<LogEntry[]>): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for await (const batch of source) entries.push(...batch);
  return entries;
}

const textOf = (entries: LogEntry[]): string => entries.map((entry) => entry.line.toString()).join('');
const print = (writer: LogWriter, ...lines: string[]): void => {
  for (const line of lines) writer.write('stdout', Buffer.from(line));
};

test('what was written is read back, and again after a restart', async (t) => {
  const { logs, box } = setUp(t);
  const writer = await logs.openWriter(box);
  writer.write('stdout', Buffer.from('one\ntwo'));
  writer.write('stderr', Buffer.from('bad\n'));
  assert.equal(textOf(await readAll(logs.read(box, all, never))), 'one\nbad\n');
  await writer.close();
  const again = await logs.openWriter(box);
  print(again, 'three\n');
  await again.close();
  const entries = await readAll(logs.read(box, all, never));
  assert.equal(textOf(entries), 'one\nbad\ntwothree\n');
  assert.deepEqual(
    entries.map(({ partial }) => partial),
    [false, false, true, false],
  );
  assert.equal(textOf(await readAll(logs.read(box, { ...all, stdout: false }, never))), 'bad\n');
  assert.equal(statSync(logs.path(box)).mode & 0o777, 0o640);
  assert.equal(await logs.size(box), statSync(logs.path(box)).size);
  await logs.remove(box);
  assert.deepEqual(readdirSync(box.dir), []);
});

test('tail, since and until, over rotated and compressed files', async (t) => {
  for (const compress of ['false', 'true']) {
    const { logs, box } = setUp(t, { 'max-size': '1k', 'max-file': '4', compress });
    const writer = await logs.openWriter(box);
    for (let i = 0; i < 80; i++) print(writer, `${i}\n`);
    await writer.close();
    const names = readdirSync(box.dir).sort();
    const gz = compress === 'true' ? '.gz' : '';
    assert.deepEqual(names, ['abc-json.log', `abc-json.log.1${gz}`, `abc-json.log.2${gz}`, `abc-json.log.3${gz}`]);
    const kept = await readAll(logs.read(box, all, never));
    const numbers = kept.map((entry) => Number(entry.line));
    assert.equal(numbers.at(-1), 79);
    assert.deepEqual(
      numbers,
      Array.from(numbers, (_, i) => 80 - numbers.length + i),
    );
    for (const tail of [0, 1, 3, 14, 20, 1000]) {
      const found = await readAll(logs.read(box, { ...all, tail }, never));
      assert.deepEqual(
        found.map((entry) => Number(entry.line)),
        numbers.slice(Math.max(0, numbers.length - tail)),
        `tail ${tail}`,
      );
    }
    const [from, to] = [kept[5]?.timeNs ?? 0n, kept[12]?.timeNs ?? 0n];
    const between = await readAll(logs.read(box, { ...all, sinceNs: from, untilNs: to }, never));
    assert.deepEqual(between, kept.slice(5, 13));
  }
});

test('a torn last line is not read and does not spoil the next', async (t) => {
  const { logs, box } = setUp(t);
  const writer = await logs.openWriter(box);
  print(writer, 'one\n');
  await writer.close();
  appendFileSync(logs.path(box), '{"log":"tor');
  assert.equal(textOf(await readAll(logs.read(box, { ...all, tail: 1 }, never))), 'one\n');
  assert.equal(textOf(await readAll(logs.read(box, all, never))), 'one\n');
  const again = await logs.openWriter(box);
  print(again, 'two\n');
  await again.close();
  assert.equal(textOf(await readAll(logs.read(box, all, never))), 'one\ntwo\n');
});

test('follow sees what comes and ends with the writer', async (t) => {
  const { logs, box } = setUp(t);
  const writer = await logs.openWriter(box);
  print(writer, 'one\n', 'two\n');
  const reading = readAll(logs.read(box, { ...all, follow: true, tail: 1 }, never));
  await new Promise((resolve) => setTimeout(resolve, 20));
  print(writer, 'three\n', 'four');
  await writer.close();
  assert.equal(textOf(await reading), 'two\nthree\nfour');
  assert.equal(textOf(await readAll(logs.read(box, { ...all, follow: true, tail: 1 }, never))), 'four');
});

test('follow ends when its reader goes away', async (t) => {
  const { logs, box } = setUp(t);
  const writer = await logs.openWriter(box);
  const abort = new AbortController();
  const reading = readAll(logs.read(box, { ...all, follow: true }, abort.signal));
  setTimeout(() => abort.abort(), 10);
  assert.deepEqual(await reading, []);
  await writer.close();
});

/** Writes numbered lines as fast as the writer takes them. */
async function flood(writer: LogWriter, lines: number): Promise<void> {
  for (let next = 0; next < lines; ) {
    const end = Math.min(lines, next + 1000);
    let text = '';
    for (; next < end; next++) text += `${next} ${'x'.repeat(next % 50)}\n`;
    if (!writer.write('stdout', Buffer.from(text))) await writer.drained();
  }
}

const firstGap = (entries: LogEntry[], from: number): number =>
  entries.findIndex((entry, i) => Number.parseInt(entry.line.toString(), 10) !== from + i);

test('a flood goes through the worker, whole and in order', async (t) => {
  const { logs, box } = setUp(t);
  const writer = await logs.openWriter(box);
  await flood(writer, 200_000);
  const live = await readAll(logs.read(box, all, never));
  assert.deepEqual([live.length, firstGap(live, 0)], [200_000, -1]);
  print(writer, 'last');
  await writer.close();
  const closed = await readAll(logs.read(box, all, never));
  assert.deepEqual([closed.length, closed.at(-1)?.line.toString()], [200_001, 'last']);
  const times = closed.map((entry) => entry.timeNs);
  assert.ok(times.every((time, i) => i === 0 || time >= (times[i - 1] ?? 0n)));
});

test('after a flood the main thread writes again, the start of a line included', async (t) => {
  const { logs, box } = setUp(t);
  const writer = await logs.openWriter(box);
  await flood(writer, 20_000);
  print(writer, 'start of ');
  await new Promise((resolve) => setTimeout(resolve, 1300));
  print(writer, 'a line\n');
  assert.match(readFileSync(logs.path(box), 'utf8'), /"start of a line\\n".*\n$/);
  await writer.close();
});

test('follow has no gap and nothing twice across rotations', async (t) => {
  for (const compress of ['false', 'true']) {
    const { logs, box } = setUp(t, { 'max-size': '300k', 'max-file': '3', compress });
    const writer = await logs.openWriter(box);
    print(writer, '-\n');
    const reading = readAll(logs.read(box, { ...all, follow: true, tail: 0 }, never));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await flood(writer, 60_000);
    await writer.close();
    const entries = await reading;
    assert.deepEqual([entries.length, firstGap(entries, 0)], [60_000, -1]);
    assert.ok((await logs.size(box)) <= 900_000);
    const kept = await readAll(logs.read(box, all, never));
    assert.equal(firstGap(kept, 60_000 - kept.length), -1);
    assert.ok(kept.length > 1000);
  }
});

test('a follower that stands still does not stop the container', async (t) => {
  const { logs, box } = setUp(t, { 'max-size': '300k', 'max-file': '2' });
  const writer = await logs.openWriter(box);
  print(writer, 'x\n');
  const stuck = logs.read(box, { ...all, follow: true }, never)[Symbol.asyncIterator]();
  await stuck.next();
  const started = performance.now();
  await flood(writer, 60_000);
  await writer.close();
  assert.ok(performance.now() - started < 8000);
  await stuck.return?.();
});

test('none discards and cannot be read', async (t) => {
  const { logs, box } = setUp(t, {}, 'none');
  const writer = await logs.openWriter(box);
  print(writer, 'x\n');
  await writer.close();
  assert.deepEqual(readdirSync(box.dir), []);
  assert.throws(() => logs.read(box, all, never), {
    kind: 'not-implemented',
    message: 'configured logging driver does not support reading',
  });
});

test('local has its own folder and no path', async (t) => {
  const { logs, box } = setUp(t, {}, 'local');
  const writer = await logs.openWriter(box);
  print(writer, 'x\n');
  await writer.close();
  assert.equal(logs.path(box), '');
  assert.equal(textOf(await readAll(logs.read(box, all, never))), 'x\n');
});

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { isEngineError } from '../../errors/index.ts';
import { openMetadata } from './metadata.ts';

const dir = mkdtempSync(join(tmpdir(), 'berth-metadata-'));
after(() => rmSync(dir, { recursive: true }));
let count = 0;
const freshPath = (): string => join(dir, `${++count}`, 'metadata.db');
const code = (expected: string) => (error: unknown) => isEngineError(error) && error.code === expected;

test('records survive a restart, by bucket, sorted by key', async () => {
  const path = freshPath();
  const first = await openMetadata({ path });
  const odd = { text: 'ü\0\n"', nested: [1, null, { __proto__x: true }], big: 2 ** 53 };
  await first.write([
    { bucket: 'a', key: 'z', put: odd },
    { bucket: 'a', key: 'k', put: 1 },
    { bucket: 'b', key: 'k', put: 'other' },
  ]);
  await first.write([
    { bucket: 'a', key: 'k', put: 2 },
    { bucket: 'b', key: 'k', delete: true },
    { bucket: 'b', key: 'never', delete: true },
  ]);
  await first.write([]);
  await first.close();
  await first.close();
  await assert.rejects(first.load('a'), code('metadata-closed'));
  const second = await openMetadata({ path });
  assert.deepEqual(await second.load('a'), [
    { key: 'k', value: 2 },
    { key: 'z', value: odd },
  ]);
  assert.deepEqual(await second.load('b'), []);
  await second.close();
  assert.equal(statSync(join(path, '..')).mode & 0o077, 0);
});

test('a key like __proto__ is a key', async () => {
  const store = await openMetadata({ path: freshPath() });
  await store.write([{ bucket: '__proto__', key: 'constructor', put: { a: 1 } }]);
  assert.deepEqual(await store.load('__proto__'), [{ key: 'constructor', value: { a: 1 } }]);
  assert.deepEqual(await store.load('toString'), []);
  await store.close();
});

test('writes at once share commits and keep their order', async () => {
  const store = await openMetadata({ path: freshPath() });
  await Promise.all(Array.from({ length: 500 }, (_, at) => store.write([{ bucket: 'n', key: `${at % 10}`, put: at }])));
  const values = (await store.load<number>('n')).map(({ value }) => value);
  assert.deepEqual(values, [490, 491, 492, 493, 494, 495, 496, 497, 498, 499]);
  await store.close();
});

for (const [what, damage] of [
  ['text', () => Buffer.from('this is not a database at all, but long enough to be looked at'.repeat(20))],
  ['a header alone', (whole: Buffer) => whole.subarray(0, 100)],
  ['a torn page', (whole: Buffer) => Buffer.from(whole).fill(0xaa, 4096, 8000)],
  ['half a file', (whole: Buffer) => whole.subarray(0, Math.floor(whole.length / 2) + 100)],
] as const)
  test(`C-14 a damaged file (${what}) is a clear error and is left as it is`, async () => {
    const path = freshPath();
    const store = await openMetadata({ path });
    await store.write(Array.from({ length: 200 }, (_, at) => ({ bucket: 'b', key: `${at}`, put: 'x'.repeat(200) })));
    await store.close();
    for (const side of ['-wal', '-shm']) rmSync(path + side, { force: true });
    const damaged = damage(readFileSync(path));
    writeFileSync(path, damaged);
    await assert.rejects(
      openMetadata({ path }),
      (error: unknown) =>
        isEngineError(error, 'system') && error.code === 'metadata-damaged' && error.message.includes(path),
    );
    assert.ok(readFileSync(path).equals(damaged));
  });

test('C-16 a file of a newer release is refused, not changed', async () => {
  const path = freshPath();
  await (await openMetadata({ path })).close();
  const raw = new DatabaseSync(path);
  raw.exec('PRAGMA user_version = 99');
  raw.close();
  await assert.rejects(openMetadata({ path }), code('metadata-too-new'));
});

test('what was acknowledged is there after kill -9, and nothing is half there', async () => {
  const path = freshPath();
  const program = `
    const { openMetadata } = await import(${JSON.stringify(new URL('./metadata.ts', import.meta.url).href)});
    const store = await openMetadata({ path: ${JSON.stringify(path)} });
    for (let at = 0; ; at++) {
      await store.write([{ bucket: 'b', key: 'left', put: at }, { bucket: 'b', key: 'right', put: at }]);
      process.stdout.write(at + '\\n');
    }`;
  const file = join(dir, 'writer.mjs');
  writeFileSync(file, program);
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let acknowledged = -1;
  let seen = '';
  for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
    seen += chunk.toString();
    const lines = seen.split('\n');
    seen = lines.pop() ?? '';
    acknowledged = Number(lines.at(-1) ?? acknowledged);
    if (acknowledged > 20) child.kill('SIGKILL');
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  assert.ok(acknowledged > 20);
  const store = await openMetadata({ path });
  const [left, right] = (await store.load<number>('b')).map(({ value }) => value);
  assert.equal(left, right);
  assert.ok((left ?? -1) >= acknowledged, `${left} < ${acknowledged}`);
  await store.close();
});

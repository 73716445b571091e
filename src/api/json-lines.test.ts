import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatProgressLine, readJsonLines } from './json-lines.ts';

async function read(chunks: (string | Buffer)[]): Promise<unknown[]> {
  async function* source(): AsyncIterable<Uint8Array> {
    for (const chunk of chunks) yield Buffer.from(chunk);
  }
  return Array.fromAsync(readJsonLines(source()));
}

test('messages come out whole however the bytes are cut', async () => {
  const bytes = Buffer.from(formatProgressLine({ status: 'é' }) + formatProgressLine({ n: 1 }));
  const pieces = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
  for (const chunks of [[bytes], pieces]) assert.deepEqual(await read(chunks), [{ status: 'é' }, { n: 1 }]);
  assert.deepEqual(await read(['{"a":1}\n\n', '{"b":2}']), [{ a: 1 }, { b: 2 }]);
});

test('a message that is cut short is an error', async () => {
  await assert.rejects(read(['{"a":1}\n{"b"']), SyntaxError);
});

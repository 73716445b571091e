import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProgressLines, type ProgressMessage } from './progress-lines.ts';

const messages: ProgressMessage[] = [
  { status: 'Loading' },
  { id: 'a', status: 'Downloading', progressDetail: { current: 1, total: 4 } },
  { id: 'b', status: 'Waiting' },
  { id: 'a', status: 'Downloading', progressDetail: { current: 3, total: 4 } },
  { id: 'a', status: 'Done' },
];

function shown(isTTY: boolean): string {
  let out = '';
  const stream = { isTTY, columns: 80, rows: 24, write: (chunk: string | Uint8Array) => (out += chunk.toString()) };
  const lines = new ProgressLines(stream as unknown as NodeJS.WriteStream);
  for (const message of messages) lines.show(message);
  lines.end();
  return out;
}

test('progress: piped, a line for each status', () =>
  assert.equal(shown(false), 'Loading\na: Downloading\nb: Waiting\na: Done\n'));

test('progress: on a terminal, a line for each id', () =>
  assert.equal(
    shown(true),
    'Loading\na: Downloading 25%\nb: Waiting\n\x1b[2A\r\x1b[2Ka: Downloading 75%\x1b[2B\r\x1b[2A\r\x1b[2Ka: Done\x1b[2B\r',
  ));

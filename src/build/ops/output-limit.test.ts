import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOutputLimit } from './output-limit.ts';

const KIB = 1024;

test('short output passes whole', () => {
  const limit = createOutputLimit(() => 0);
  const chunk = Buffer.from('hello');
  assert.equal(limit(chunk), chunk);
});

test('a burst is clipped at 200 KiB a second, said once, and goes on in the next second', () => {
  let ms = 0;
  const limit = createOutputLimit(() => ms);
  assert.equal(limit(Buffer.alloc(200 * KIB))?.length, 200 * KIB);
  assert.match(String(limit(Buffer.alloc(10, 'x'))), /^\n\[output clipped, log limit 200KiB\/s reached\]\n$/);
  assert.equal(limit(Buffer.alloc(10)), undefined);
  ms = 1000;
  assert.equal(String(limit(Buffer.from('calm'))), 'calm');
});

test('2 GB come to 2 MiB', () => {
  let ms = 0;
  const limit = createOutputLimit(() => ms);
  const chunk = Buffer.alloc(64 * KIB);
  let shown = 0;
  let last = '';
  for (let i = 0; i < 32 * KIB; i++) {
    ms += 1;
    const part = limit(chunk);
    shown += part?.length ?? 0;
    if (part !== undefined) last = part.toString('latin1');
  }
  assert.ok(shown > 2 * KIB * KIB - 64 * KIB && shown < 2 * KIB * KIB + 64 * KIB, `${shown}`);
  assert.equal(last.slice(-37), '\n[output clipped, log limit 2MiB reached]\n'.slice(-37));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';

test('detach keys: names become control bytes', () => {
  assert.deepEqual([...parseDetachKeys('ctrl-p,ctrl-q')], [16, 17]);
  assert.deepEqual([...parseDetachKeys('a,ctrl-],ctrl-@')], [97, 29, 0]);
  assert.throws(() => parseDetachKeys('ctrl-ä'), { message: /Unknown character/ });
});

const scans: [chunks: string[], passed: string, isDetached: boolean][] = [
  [['ab'], 'ab', false],
  [['a\x10\x11b'], 'a', true],
  [['a\x10', '\x11'], 'a', true],
  [['\x10x'], '\x10x', false],
  [['\x10\x10\x11'], '\x10', true],
];
for (const [chunks, passed, isDetached] of scans) {
  test(`detach keys: ${JSON.stringify(chunks)}`, () => {
    const scanner = new DetachScanner(parseDetachKeys('ctrl-p,ctrl-q'));
    const results = chunks.map((chunk) => scanner.scan(Buffer.from(chunk)));
    assert.equal(Buffer.concat(results.map(({ pass }) => pass)).toString(), passed);
    assert.equal(results.at(-1)?.isDetached, isDetached);
  });
}

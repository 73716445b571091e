import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTimeFlag } from './time.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');
const cases: [text: string | undefined, seconds: string | undefined][] = [
  [undefined, undefined],
  ['', undefined],
  ['1795262400', '1795262400'],
  ['1795262400.5', '1795262400.5'],
  ['1h', '1795258800.000000000'],
  ['1.5s', '1795262398.500000000'],
  ['2026-11-21T12:00:00Z', '1795262400.000000000'],
  ['2026-11-21T12:00:00.123456789Z', '1795262400.123456789'],
  ['2026-11-21T13:00:00+01:00', '1795262400.000000000'],
  ['2026-11-21', '1795219200.000000000'],
];
for (const [text, seconds] of cases)
  test(`time ${text}`, () => assert.equal(parseTimeFlag('since', text, NOW_MS), seconds));
test('time: what is none is refused', () =>
  assert.throws(() => parseTimeFlag('since', 'x', NOW_MS), {
    message: 'invalid value for "since": failed to parse value as time or duration: "x"',
  }));

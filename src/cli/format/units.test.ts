import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAge, formatMemory, formatSize, formatTimestamp, parseBytes, parseDurationNs } from './units.ts';

const sizes: [bytes: number, text: string][] = [
  [0, '0B'],
  [999, '999B'],
  [1000, '1kB'],
  [1234, '1.23kB'],
  [12_345_678, '12.3MB'],
  [123_456_789_012, '123GB'],
];
for (const [bytes, text] of sizes) test(`size ${bytes}`, () => assert.equal(formatSize(bytes), text));
test('size with four digits', () => assert.equal(formatSize(1_986_123, 4), '1.986MB'));
test('memory', () => assert.deepEqual([1023, 2_097_152_000].map(formatMemory), ['1023B', '1.953GiB']));

const bytes: [text: string, bytes: number | undefined][] = [
  ['64m', 67_108_864],
  ['1.5g', 1_610_612_736],
  ['1024', 1024],
  ['1KB', 1024],
  ['1KiB', 1024],
  ['2 gb', 2_147_483_648],
  ['-1', undefined],
  ['x', undefined],
  ['', undefined],
];
for (const [text, expected] of bytes) test(`bytes ${text}`, () => assert.equal(parseBytes(text), expected));

const durations: [text: string, ns: number | undefined][] = [
  ['1h30m', 5400e9],
  ['500ms', 5e8],
  ['1.5s', 15e8],
  ['-2s', -2e9],
  ['0', 0],
  ['5', undefined],
  ['1d', undefined],
];
for (const [text, expected] of durations) test(`duration ${text}`, () => assert.equal(parseDurationNs(text), expected));

const ages: [seconds: number, text: string][] = [
  [0, 'Less than a second'],
  [1, '1 second'],
  [59, '59 seconds'],
  [60, 'About a minute'],
  [120, '2 minutes'],
  [3600, 'About an hour'],
  [7200, '2 hours'],
  [47 * 3600, '47 hours'],
  [49 * 3600, '2 days'],
  [15 * 86_400, '2 weeks'],
  [70 * 86_400, '2 months'],
  [800 * 86_400, '2 years'],
];
for (const [seconds, text] of ages) test(`age ${seconds}`, () => assert.equal(formatAge(seconds), text));
test('timestamp', () => assert.equal(formatTimestamp(1795262400), '2026-11-21 12:00:00 +0000 UTC'));

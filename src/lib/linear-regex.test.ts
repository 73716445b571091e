import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLinearRegex } from './linear-regex.ts';

for (const [pattern, text, found] of [
  ['eb', 'web1', true],
  ['^eb', 'web1', false],
  ['^w.b[0-9]$', 'web1', true],
  ['(?i)WEB', 'web1', true],
] as const) {
  test(`/${pattern}/ on ${text}`, () => assert.equal(parseLinearRegex(pattern)?.finds(text), found));
}

test('what is no pattern', () => {
  for (const pattern of ['(', '[z-a]', '*', '(?=x)']) assert.equal(parseLinearRegex(pattern), undefined);
});

test('a pattern that backtracks elsewhere takes no time here', () => {
  const started = performance.now();
  for (const pattern of ['^(a+)+$', '(a|aa)+$', '(.*a){20}']) parseLinearRegex(pattern)?.finds(`${'a'.repeat(200)}!`);
  assert.ok(performance.now() - started < 200);
});

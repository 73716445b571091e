import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareVersions, negotiate } from './versions.ts';

test('versions are ordered by number, not by letter', () => {
  const cases: [string, string, number][] = [
    ['1.24', '1.24', 0],
    ['1.9', '1.24', -1],
    ['1.51', '1.6', 1],
    ['2', '1.51', 1],
    ['1', '1.0', 0],
    ['1.24.1', '1.24', 1],
  ];
  for (const [a, b, expected] of cases) assert.equal(compareVersions(a, b), expected, `${a} and ${b}`);
});

test('a path names a version we speak, or is refused in Docker’s words', () => {
  assert.deepEqual(negotiate(undefined), { version: '1.51' });
  for (const version of ['1.24', '1.40', '1.51']) assert.deepEqual(negotiate(version), { version });
  assert.deepEqual(negotiate('1.23'), {
    refused: 'too-old',
    message:
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
  });
  assert.deepEqual(negotiate('1.52'), {
    refused: 'too-new',
    message: 'client version 1.52 is too new. Maximum supported API version is 1.51',
  });
});

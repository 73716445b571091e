import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEngineError } from '../errors/index.ts';
import { booleanOf, checkKeys, labelFilter, referenceFilter, untilNs } from './filters.ts';

const NOW = Date.parse('2026-01-02T00:00:00Z');
const refused = (message: string) => (error: unknown) =>
  isEngineError(error, 'invalid-parameter') && error.message === message;

test('reference patterns match familiar names with or without tag', () => {
  const cases: [pattern: string, name: string, matches: boolean][] = [
    ['busybox', 'docker.io/library/busybox:latest', true],
    ['busy*', 'docker.io/library/busybox:latest', true],
    ['busy*:lat?st', 'docker.io/library/busybox:latest', true],
    ['busybox:1', 'docker.io/library/busybox:latest', false],
    ['docker.io/library/busybox', 'docker.io/library/busybox:latest', false],
    ['library/busybox', 'docker.io/library/busybox:latest', false],
    ['*', 'docker.io/team/app:1', false],
    ['*/*', 'docker.io/team/app:1', true],
    ['team/[a-c]pp', 'docker.io/team/app:1', true],
    ['*/*/app', 'localhost:5000/team/app:1', true],
    ['localhost:5000/team/app:1', 'localhost:5000/team/app:1', true],
  ];
  for (const [pattern, name, matches] of cases)
    assert.equal(referenceFilter([pattern])(name), matches, `${pattern} on ${name}`);
  assert.equal(referenceFilter(['a', 'busybox'])('docker.io/library/busybox:1'), true);
  assert.throws(() => referenceFilter(['[']), refused('syntax error in pattern'));
});

test('labels', () => {
  const labels = { a: '1', empty: '' };
  const cases: [filters: Record<string, string[]>, labels: Record<string, string> | null, matches: boolean][] = [
    [{}, null, true],
    [{ label: ['a'] }, labels, true],
    [{ label: ['a=1', 'empty'] }, labels, true],
    [{ label: ['a=1', 'b'] }, labels, false],
    [{ label: ['a=2'] }, labels, false],
    [{ label: ['a'] }, null, false],
    [{ label: ['toString'] }, labels, false],
    [{ 'label!': ['a'] }, labels, false],
    [{ 'label!': ['b'] }, labels, true],
    [{ 'label!': ['a=2'] }, labels, true],
  ];
  for (const [filters, has, matches] of cases)
    assert.equal(labelFilter(filters)(has), matches, JSON.stringify([filters, has]));
});

test('until: how long ago, Unix times, RFC 3339', () => {
  const cases: [text: string, iso: string][] = [
    ['24h', '2026-01-01T00:00:00Z'],
    ['1h30m', '2026-01-01T22:30:00Z'],
    ['1.5h', '2026-01-01T22:30:00Z'],
    ['1767225600', '2026-01-01T00:00:00Z'],
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['2026-01-01T01:00:00+01:00', '2026-01-01T00:00:00Z'],
  ];
  for (const [text, iso] of cases)
    assert.equal(untilNs({ until: [text] }, NOW), BigInt(Date.parse(iso)) * 1_000_000n, text);
  assert.equal(untilNs({ until: ['1767225600.000000001'] }, NOW), 1_767_225_600_000_000_001n);
  assert.equal(untilNs({}, NOW), undefined);
  for (const text of ['xyz', '', '1hx', '2026-13-45'])
    assert.throws(
      () => untilNs({ until: [text] }, NOW),
      refused(`failed to parse value as time or duration: "${text}"`),
    );
});

test('keys and booleans that mean nothing are refused with the texts of Docker', () => {
  assert.throws(() => checkKeys({ foo: ['x'] }, ['label']), refused("invalid filter 'foo'"));
  const yesOrNo: [values: string[], found: boolean | undefined][] = [
    [[], undefined],
    [['true'], true],
    [['1'], true],
    [['false'], false],
    [['0', 'false'], false],
  ];
  for (const [values, found] of yesOrNo) assert.equal(booleanOf({ dangling: values }, 'dangling'), found);
  assert.throws(() => booleanOf({ dangling: ['maybe'] }, 'dangling'), refused("invalid filter 'dangling=[maybe]'"));
  assert.throws(
    () => booleanOf({ dangling: ['true', 'false'] }, 'dangling'),
    refused("invalid filter 'dangling=[true false]'"),
  );
});

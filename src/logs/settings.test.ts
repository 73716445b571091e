import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributesOf, parseSettings } from './settings.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';

for (const [type, options, expected] of [
  ['', {}, [20_000_000, 5, false]],
  ['json-file', { 'max-size': '10m' }, [10_000_000, 1, false]],
  ['json-file', { 'max-size': '1k', 'max-file': '3', compress: 'true' }, [1000, 3, true]],
  ['json-file', { 'max-file': '2' }, [20_000_000, 2, false]],
  ['local', {}, [20_000_000, 5, true]],
  ['local', { 'max-size': '1m', compress: 'false' }, [1_000_000, 5, false]],
] as [string, Record<string, string>, [number, number, boolean]][]) {
  test(`settings ${type} ${JSON.stringify(options)}`, () => {
    const { maxBytes, maxFiles, compress } = parseSettings({ type, options });
    assert.deepEqual([maxBytes, maxFiles, compress], expected);
  });
}

for (const [type, options, message] of [
  ['foo', {}, 'error looking up logging plugin foo: plugin "foo" not found'],
  ['json-file', { foo: '1' }, "unknown log opt 'foo' for json-file log driver"],
  ['json-file', { constructor: '1' }, "unknown log opt 'constructor' for json-file log driver"],
  ['local', { foo: '1' }, "unknown log opt 'foo' for log driver local"],
  ['none', { 'max-size': '1' }, 'invalid logging opts for driver none'],
  ['json-file', { mode: 'x' }, 'logger: logging mode not supported: x'],
  [
    'json-file',
    { 'max-buffer-size': '1m' },
    "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
  ],
  ['json-file', { 'max-size': 'abc' }, "invalid max-size: invalid size: 'abc'"],
  ['json-file', { 'max-size': '0' }, 'max-size must be a positive number'],
  ['json-file', { 'labels-regex': '(' }, 'error parsing regexp in labels-regex: ('],
  ['json-file', { 'max-file': '0' }, 'max-file cannot be less than 1'],
  [
    'json-file',
    { 'max-size': '1m', compress: 'true' },
    'compress cannot be true when max-file is less than 2 or max-size is not set',
  ],
] as [string, Record<string, string>, string][]) {
  test(`refuses ${type} ${JSON.stringify(options)}`, () =>
    assert.throws(() => parseSettings({ type, options }), { message }));
}

test('attributes: labels, env and tag, sorted', () => {
  const container = {
    id: '8507d38710a13f73eb3eed1363bbab66397e4df7780dc5477cce424bf7cb578c',
    name: '/web',
    dir: '/x',
    labels: { lab: '1', other: '2' },
    env: ['E=v=w', 'F=1'],
    config: { type: 'json-file', options: { labels: 'lab,constructor', env: 'E,Z', tag: '{{.ID}}/{{ .Name }}' } },
  };
  assert.deepEqual(Object.entries(attributesOf(container) ?? {}), [
    ['E', 'v=w'],
    ['lab', '1'],
    ['tag', '8507d38710a1/web'],
  ]);
  const byPattern = { type: 'json-file', options: { 'labels-regex': '^ot', 'env-regex': 'F|G' } };
  assert.deepEqual(attributesOf({ ...container, config: byPattern }), { F: '1', other: '2' });
  assert.equal(attributesOf({ ...container, config: { type: 'json-file', options: {} } }), undefined);
});

for (const [ns, text] of [
  [1_795_232_307_779_678_365n, '2026-11-21T03:38:27.779678365Z'],
  [1_795_232_307_779_600_000n, '2026-11-21T03:38:27.7796Z'],
  [1_795_232_307_000_000_000n, '2026-11-21T03:38:27Z'],
] as [bigint, string][]) {
  test(`timestamp ${text}`, () => {
    assert.equal(formatTimestamp(ns), text);
    assert.equal(parseTimestamp(text), ns);
  });
}

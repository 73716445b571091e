import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatFilters, parseFilters } from './filters.ts';

const plain = (value: object): object => ({ ...value });

test('both encodings decode to the same', () => {
  const cases: [string | null, Record<string, string[]>][] = [
    [null, {}],
    ['', {}],
    ['{}', {}],
    ['null', {}],
    ['{"label":{"a=b":true,"c":true}}', { label: ['a=b', 'c'] }],
    ['{"label":["a=b","c","c"]}', { label: ['a=b', 'c'] }],
    ['{"dangling":{"true":true,"false":false}}', { dangling: ['true'] }],
    ['{"name":[],"id":null}', { name: [], id: [] }],
  ];
  for (const [text, expected] of cases) assert.deepEqual(plain(parseFilters(text)), expected, String(text));
});

test('anything else is an invalid filter', () => {
  for (const text of ['abc', '[]', '"x"', '{"a":"b"}', '{"a":[1]}', '{"a":{"b":1}}', '{']) {
    assert.throws(() => parseFilters(text), { message: 'invalid filter', code: 'invalid-filter' }, text);
  }
});

test('keys with a meaning in JavaScript are keys', () => {
  const filters = parseFilters('{"__proto__":["x"],"constructor":{"y":true}}');
  assert.deepEqual(Object.keys(filters), ['__proto__', 'constructor']);
  assert.equal(Object.getPrototypeOf(filters), null);
  assert.deepEqual(Object.entries(parseFilters(formatFilters(filters))), Object.entries(filters));
});

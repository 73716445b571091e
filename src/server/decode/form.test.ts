import assert from 'node:assert/strict';
import { test } from 'node:test';
import { boolValue, intValue, sizeValue, timestampValue } from './form.ts';

const query = (text: string): URLSearchParams => new URLSearchParams(text);

test('flags are read as dockerd reads them', () => {
  for (const text of ['', 'a=', 'a=0', 'a=no', 'a=False', 'a=none', 'a=+0+'])
    assert.equal(boolValue(query(text), 'a'), false, text);
  for (const text of ['a=1', 'a=true', 'a=yes', 'a=x', 'a=-1']) assert.equal(boolValue(query(text), 'a'), true, text);
});

test('whole numbers, with Go’s errors', () => {
  assert.equal(intValue(query(''), 'a'), undefined);
  assert.equal(intValue(query('a=-12'), 'a'), -12);
  assert.throws(() => intValue(query('a=abc'), 'a'), { message: 'strconv.Atoi: parsing "abc": invalid syntax' });
  assert.throws(() => intValue(query('a=9223372036854775808'), 'a'), /value out of range/);
});

test('terminal sizes', () => {
  assert.equal(sizeValue(query('h=24'), 'h'), 24);
  assert.throws(() => sizeValue(query('h=a'), 'h'), { message: 'invalid resize height "a": invalid syntax' });
  assert.throws(() => sizeValue(query(''), 'w'), { message: 'invalid resize width "": invalid syntax' });
  assert.throws(() => sizeValue(query('w=-1'), 'w'), { message: 'invalid resize width "-1": value out of range' });
});

test('moments keep their nanoseconds', () => {
  const cases: [string, bigint | undefined][] = [
    ['', undefined],
    ['1', 1_000_000_000n],
    ['0', 0n],
    ['1795231911.5', 1_795_231_911_500_000_000n],
    ['1795231911.127656666', 1_795_231_911_127_656_666n],
    ['1795231911.0000000019', 1_795_231_911_000_000_001n],
  ];
  for (const [text, expected] of cases) assert.equal(timestampValue(query(`t=${text}`), 't'), expected, text);
  assert.throws(() => timestampValue(query('t=abc'), 't'), {
    message: 'strconv.ParseInt: parsing "abc": invalid syntax',
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEngineError } from '../../errors/index.ts';
import { applyMode, parseChmod } from './chmod.ts';

const cases: [string, number, boolean, number][] = [
  ['755', 0o600, false, 0o755],
  ['0644', 0o777, true, 0o644],
  ['4755', 0o600, false, 0o4755],
  ['u=rwX,go=rX', 0o600, false, 0o644],
  ['u=rwX,go=rX', 0o700, false, 0o755],
  ['u=rwX,go=rX', 0o600, true, 0o755],
  ['+x', 0o644, false, 0o755],
  ['a-w', 0o666, false, 0o444],
  ['g+w', 0o644, false, 0o664],
  ['go=', 0o755, false, 0o700],
  ['u+s', 0o755, false, 0o4755],
  ['+t', 0o777, true, 0o1777],
  ['a=r,u+w', 0o777, false, 0o644],
];

for (const [text, mode, isFolder, expected] of cases) {
  test(`chmod ${text} of ${mode.toString(8)}${isFolder ? ' (folder)' : ''}`, () => {
    assert.equal(applyMode(parseChmod(text), mode, isFolder).toString(8), expected.toString(8));
  });
}

for (const text of ['', '999', 'u~x', 'rwx', '12345', 'u+q', '+x,']) {
  test(`chmod ${JSON.stringify(text)} is refused`, () => {
    assert.throws(
      () => parseChmod(text),
      (error) => isEngineError(error, 'invalid-parameter'),
    );
  });
}

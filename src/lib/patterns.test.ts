import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PatternError } from './glob.ts';
import { createPatternMatcher } from './patterns.ts';

const cases: [patterns: string, path: string, expected: boolean][] = [
  ['**', 'file', true],
  ['**/', 'file', true],
  ['**', 'dir/file', true],
  ['**/**', 'dir/file', true],
  ['dir/**', 'dir/file', true],
  ['dir/**', 'dir/dir2/file', true],
  ['dir/**', 'dir', false],
  ['**/dir2/*', 'dir/dir2/file', true],
  ['**/dir2/*', 'dir/dir2/dir2/file', true],
  ['**/dir2/**', 'dir/dir2/dir2/file', true],
  ['**file', 'file', true],
  ['**file', 'dir/file', true],
  ['**.txt', 'dir/a.txt', true],
  ['**/file', 'dir/dir/file', true],
  ['**/file*', 'dir/dir/file.txt', true],
  ['**/file*txt', 'dir/dir/file.txt', true],
  ['**/file*.txt*', 'dir/dir/file.txt', true],
  ['**/**/*.txt', 'dir/dir/file.txt', true],
  ['**/**/*.txt2', 'dir/dir/file.txt', false],
  ['**/*.txt', 'file.txt', true],
  ['a**/*.txt', 'a/file.txt', true],
  ['a**/*.txt', 'a/dir/file.txt', true],
  ['a/*.txt', 'a/dir/file.txt', false],
  ['a/**/*.txt', 'a/dir/dir/file.txt', true],
  ['a[b-d]e', 'ae', false],
  ['a[b-d]e', 'ace', true],
  ['a[^b-d]e', 'aze', true],
  ['a[^b-d]e', 'ace', false],
  ['abc.def', 'abcZdef', false],
  ['abc?def', 'abcZdef', true],
  ['a\\*b', 'a*b', true],
  ['a\\*b', 'axb', false],
  ['**/foo/bar', 'foo/bar', true],
  ['**/foo/bar', 'dir/foo/bar/x', true],
  ['**/.foo', '.foo', true],
  ['**/.foo', 'bar.foo', false],
  ['a(b)c/def', 'a(b)c/def', true],
  ['a.|)$(}+{bc', 'a.|)$(}+{bc', true],
  ['*', 'a/b', true],
  ['/dir', 'dir/x', true],
  ['dir/', 'dir/x', true],
  ['./dir//x/../y', 'dir/y', true],
  ['dir;!dir/keep', 'dir/keep', false],
  ['dir;!dir/keep', 'dir/keep/below', false],
  ['dir;!dir/keep', 'dir/other', true],
  ['!dir/keep;dir', 'dir/keep', true],
  ['*;!*.md;README.md', 'a.md', false],
  ['*;!*.md;README.md', 'README.md', true],
  ['  pad  ;', 'pad', true],
  ['nöe?', 'nöe€', true],
];

for (const [patterns, path, expected] of cases)
  test(`${patterns} ${expected ? 'matches' : 'spares'} ${path}`, () => {
    assert.equal(createPatternMatcher(patterns.split(';')).matches(path), expected);
  });

for (const bad of ['[', 'a[', 'a[]b', '[-x]', 'a\\', '[a-', '!'])
  test(`${bad} is refused`, () => {
    assert.throws(() => createPatternMatcher([bad]), PatternError);
  });

test('many stars stay linear', () => {
  const started = performance.now();
  const matcher = createPatternMatcher([`${'a*'.repeat(50)}b`, `${'**/a'.repeat(30)}/*b`]);
  assert.equal(matcher.matches('a'.repeat(4000)), false);
  assert.ok(performance.now() - started < 1000);
});

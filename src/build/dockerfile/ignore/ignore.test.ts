import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMatcher, parseIgnore } from './ignore.ts';

it('reads the patterns of a .dockerignore', () => {
  const text = '\uFEFF# comment\n  a/b/ \r\n\n/c\n! /d/../e\n!\n #not-a-comment\n./f//g\n/\n**/*.log';
  assert.deepEqual(parseIgnore(text), ['a/b', 'c', '!e', '!', '#not-a-comment', 'f/g', '/', '**/*.log']);
});

describe('a context', () => {
  const matcher = createMatcher(parseIgnore('node_modules\n**/*.log\n!keep.log\ndocs\n!docs/README.md\n.*'));
  const cases: [string, boolean][] = [
    ['node_modules/a/b', true],
    ['sub/node_modules', false],
    ['a/b.log', true],
    ['keep.log', false],
    ['docs/a', true],
    ['docs/README.md', false],
    ['.git/HEAD', true],
    ['src/.env', false],
    ['.', false],
  ];
  for (const [path, isIgnored] of cases) {
    it(`${path} is ${isIgnored ? 'left out' : 'sent'}`, () => assert.equal(matcher.matches(path), isIgnored));
  }
  it('knows that exceptions force a descent', () => assert.equal(matcher.hasExceptions, true));
});

it('refuses a bad pattern', () => {
  assert.throws(() => createMatcher(['[']), { kind: 'invalid-parameter', message: /syntax error in pattern/ });
  assert.throws(() => createMatcher(['!']), { kind: 'invalid-parameter', message: /illegal exclusion pattern/ });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { expandContent, expandWord, expandWords } from './expand.ts';

const env: Record<string, string> = { A: 'a', E: '', P: '/x/y/z.tar.gz', S: 'one  two', L: 'a\nb', Q: 'xxyy' };
const lookup = (name: string): string | undefined => env[name];
/** The words of these tables are read by us, not by JavaScript. */
const { raw } = String;
const $ = '$';

const words: [word: string, expected: string | RegExp][] = [
  [raw`$A${$}{A}b$Ab`, 'aab'],
  [raw`"$A" '$A' \$A`, 'a $A $A'],
  [raw`${$}{U:-${$}{U:-"d $A"}}`, 'd a'],
  [raw`${$}{E-w}|${$}{E:-w}|${$}{U-w}`, '|w|w'],
  [raw`${$}{E+w}|${$}{E:+w}|${$}{A:+w}`, 'w||w'],
  [raw`${$}{U?}`, /U: is not allowed to be unset/],
  [raw`${$}{E:?}`, /E: is not allowed to be empty/],
  [raw`${$}{U:?say $A}`, /U: say a/],
  [raw`${$}{P#*/}`, 'x/y/z.tar.gz'],
  [raw`${$}{P##*/}`, 'z.tar.gz'],
  [raw`${$}{P%.*}`, '/x/y/z.tar'],
  [raw`${$}{P%%.*}`, '/x/y/z'],
  [raw`${$}{P#$U}${$}{P%}`, '/x/y/z.tar.gz/x/y/z.tar.gz'],
  [raw`${$}{Q#*x*y}`, 'y'],
  [raw`${$}{Q##*x}`, 'yy'],
  [raw`${$}{Q/x/-}`, '-xyy'],
  [raw`${$}{Q//x/-}`, '--yy'],
  [raw`${$}{Q//?/$A}`, 'aaaa'],
  [raw`${$}{Q/x*y/}`, ''],
  [raw`${$}{Q//xx/\$1}`, raw`\$1yy`],
  [raw`${$}{Q//x}`, /missing '\/'/],
  [raw`${$}{Q//}`, /missing '\/'/],
  [raw`${$}{Q/$U/w}`, 'wxxyy'],
  [raw`${$}{Q//$U/-}`, '-x-x-y-y-'],
  [raw`${$}{P/\/x\//}`, 'y/z.tar.gz'],
  [raw`${$}{Q#\a}`, /invalid escape '\\a'/],
  [raw`${$}{L##*}`, '\nb'],
  [raw`${$}{Q:#x}`, /unsupported modifier \(:#\)/],
  [raw`${$}{Q=x}`, /unsupported modifier \(=\)/],
  [raw`${$}{Q`, /unsupported modifier/],
  [raw`${$}{}`, /bad substitution/],
  [raw`$$ $? ${$}{1:-n} $10x`, '  n x'],
  ['a<<EOF', 'a<<EOF'],
  ['"a', /matching double-quote/],
  ["'a", /matching single-quote/],
];

describe('expandWord', () => {
  for (const [word, expected] of words) {
    it(word, () => {
      const run = (): string => expandWord(word, { lookup, escapeToken: '\\' });
      if (typeof expected === 'string') assert.equal(run(), expected);
      else assert.throws(run, { kind: 'invalid-parameter', message: expected });
    });
  }
  it('escapes with the token of the file', () => {
    assert.equal(expandWord('`$A C:\\d "`""', { lookup, escapeToken: '`' }), '$A C:\\d "');
  });
  it('collects what is not set', () => {
    const unmatched = new Set<string>();
    expandWord(raw`$A $U ${$}{V:-$W}`, { lookup, escapeToken: '\\', unmatched });
    assert.deepEqual([...unmatched].toSorted(), ['U', 'V', 'W']);
  });
});

it('splits at unquoted white space, after expansion', () => {
  const split = (word: string): string[] => expandWords(word, { lookup, escapeToken: '\\' });
  assert.deepEqual(split('$S "$S" a\\ b'), ['one', 'two', 'one  two', 'a b']);
  assert.deepEqual(split(raw`80${$}{U:-81} $E`), ['8081']);
});

it('expands content, where quotes are just characters', () => {
  const content = raw`"$A" '${$}{U:-x}' \$A \\`;
  assert.equal(expandContent(content, { lookup }), raw`"a" 'x' $A \ `.trimEnd());
});

describe('hostile words end in time', () => {
  const long = 'a'.repeat(60_000);
  const hostile: Record<string, [word: string, value: string]> = {
    nesting: [raw`${$}{a:-`.repeat(100_000), ''],
    'a pattern that invites backtracking': [raw`${$}{A##${'*a'.repeat(500)}b}`, long],
    'the same, unanchored': [raw`${$}{A/${'*a'.repeat(500)}b/}`, long],
    'replacing everything': [raw`${$}{A//?/$A}`, long],
    'an expansion without end': ['$A'.repeat(1_000_000), long],
  };
  for (const [name, [word, value]] of Object.entries(hostile)) {
    it(name, () => {
      const start = performance.now();
      assert.throws(() => expandWord(word, { lookup: () => value, escapeToken: '\\' }), { kind: 'invalid-parameter' });
      assert.ok(performance.now() - start < 3000);
    });
  }
});

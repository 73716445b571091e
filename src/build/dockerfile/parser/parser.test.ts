import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dumpTree } from './dump.ts';
import { parse } from './parse.ts';

const root = join(import.meta.dirname, '../testdata');
const lines = (...all: string[]): Buffer => Buffer.from(all.join('\n'));
const treeOf = (...all: string[]): string => dumpTree(parse(lines(...all)).ast);

describe('goldens', () => {
  for (const name of readdirSync(root)) {
    it(name, () => {
      const { ast, directives, escapeToken, warnings } = parse(readFileSync(join(root, name, 'Dockerfile')));
      const places = ast.children.map(({ value, range, heredocs, prevComment }) => ({
        value,
        range,
        heredocs,
        prevComment,
      }));
      const facts = JSON.stringify({ escapeToken, directives, warnings, places }, null, 1);
      const seen = `${dumpTree(ast)}\n\n${facts}\n`;
      const golden = join(root, name, 'result');
      if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(golden, seen);
      assert.equal(seen, readFileSync(golden, 'utf8'));
    });
  }
});

const rejects: [text: string[], message: string, range: [number, number]][] = [
  [[''], 'file with no instructions', [0, 0]],
  [['# only', '# comments'], 'file with no instructions', [2, 2]],
  [['FROM a', 'ENV PATH'], 'ENV must have two arguments', [2, 2]],
  [['FROM a', 'ENV a=b c'], 'Syntax error - can\'t find = in "c". Must be of the form: name=value', [2, 2]],
  [
    ['FROM a', '', 'CMD ["a", \\', '["b"]]'],
    'when using JSON array syntax, arrays must be comprised of strings only',
    [3, 4],
  ],
  [['# escape=x', 'FROM a'], "invalid escape token 'x' does not match ` or \\", [1, 1]],
  [['# escape=`', '# ESCAPE=`', 'FROM a'], 'only one escape parser directive can be used', [2, 2]],
  [['FROM a', 'RUN <<EOF', 'x', ' EOF'], 'unterminated heredoc', [2, 4]],
  [['FROM a', `RUN ${'x'.repeat(65_536)}`], 'dockerfile line greater than max allowed size of 65535', [2, 2]],
];

describe('what is no Dockerfile', () => {
  for (const [text, message, [startLine, endLine]] of rejects) {
    it(message, () => {
      assert.throws(() => parse(lines(...text)), {
        kind: 'invalid-parameter',
        message,
        detail: { range: { startLine, endLine } },
      });
    });
  }
});

describe('parser directives', () => {
  const escapes: [string[], string][] = [
    [['# escape=`', 'FROM a'], '`'],
    [['#EsCaPe = ` ', 'FROM a'], '`'],
    [['# syntax=x', '# escape=`', 'FROM a'], '`'],
    [['', '# escape=`', 'FROM a'], '\\'],
    [['# note', '# escape=`', 'FROM a'], '\\'],
    [['# unknown=x', '# escape=`', 'FROM a'], '\\'],
    [['FROM a', '# escape=`'], '\\'],
  ];
  for (const [text, token] of escapes) {
    it(`${JSON.stringify(text)} gives ${token}`, () => assert.equal(parse(lines(...text)).escapeToken, token));
  }
  const syntaxes: [string, string | undefined][] = [
    ['# syntax=a/b:1\nFROM x', 'a/b:1'],
    ['#!/usr/bin/env x\n# syntax=a\nFROM x', 'a'],
    ['// syntax=a\nFROM x', 'a'],
    ['{"syntax": "a"}', 'a'],
    ['FROM x\n# syntax=a', undefined],
  ];
  for (const [text, value] of syntaxes) {
    it(`${JSON.stringify(text)} has the syntax ${value}`, () => {
      assert.equal(parse(Buffer.from(text)).directives['syntax']?.value, value);
    });
  }
});

it('says when bytes are no UTF-8', () => {
  const { warnings } = parse(Buffer.concat([lines('FROM a', '# caf'), Buffer.from([0xe9])]));
  assert.match(warnings[0]?.message ?? '', /not valid UTF-8/);
  assert.deepEqual(parse(lines('FROM a', '# \uFFFD')).warnings, []);
});

it('takes the exec form only whole', () => {
  assert.equal(treeOf('FROM a', 'CMD ["a" \\', ']'), '(from "a")\n(cmd "a")');
  assert.equal(treeOf('FROM a', 'CMD ["a\\b"'), '(from "a")\n(cmd "[\\"a\\\\b\\"")');
  assert.equal(treeOf('FROM a', 'CMD ["a"] b'), '(from "a")\n(cmd "[\\"a\\"] b")');
});

describe('hostile files are read, or refused, in time', () => {
  const size = 10 * 1024 * 1024;
  const fill = (text: string): string => text.repeat(Math.floor(size / text.length));
  const files: Record<string, string> = {
    'instructions without end': `FROM a\n${fill('ENV a=b c="d e"\n')}`,
    'one instruction without end': `FROM a\nENV a=b \\\n${fill(' c="d" \\\n')}`,
    'ONBUILD without end': `FROM a\n${fill('ONBUILD \\\n')}`,
    'nested JSON': `FROM a\nCMD \\\n${fill(`${'['.repeat(60_000)}\\\n`)}`,
    comments: `FROM a\n${fill('# x\n')}`,
    'empty continuations': `FROM a\nRUN a \\\n${fill('\n')}`,
    'heredocs on one line': `FROM a\nRUN \\\n${'<<E \\\n'.repeat(300_000)}\n${'E\n'.repeat(300_001)}`,
    'a heredoc without end': `FROM a\nRUN <<E\n${fill('x\n')}`,
    'heredocs in heredocs': `FROM a\n${fill('RUN <<E\n')}`,
    'a directive of blanks': `# escape=${' '.repeat(60_000)}x${' '.repeat(5_000)}\nFROM a`,
    'blanks behind <<': `FROM a\nRUN <<${' '.repeat(60_000)}E\nE\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    it(name, () => {
      const bytes = Buffer.from(text);
      const start = performance.now();
      try {
        parse(bytes);
      } catch (error) {
        assert.equal(error instanceof Error && error.name, 'EngineError');
      }
      // 1 s is the promise; a crowded machine gets three times that.
      assert.ok(performance.now() - start < 3000);
    });
  }
});

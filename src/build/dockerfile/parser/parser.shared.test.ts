import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { dumpTree } from './dump.ts';
import { parse } from './parse.ts';

const root = join(import.meta.dirname, '../../../../../shared/data/dockerfile-parser/parser');
const skip = existsSync(root) ? false : 'the shared Dockerfile goldens (../shared/data/dockerfile-parser) are not here';
const cases = (folder: string): string[] => (skip === false ? readdirSync(join(root, folder)) : []);

describe('goldens of BuildKit', { skip }, () => {
  for (const name of cases('testfiles')) {
    it(name, () => {
      const dump = dumpTree(parse(readFileSync(join(root, 'testfiles', name, 'Dockerfile'))).ast);
      assert.equal(dump, readFileSync(join(root, 'testfiles', name, 'result'), 'utf8').trim());
    });
  }
});

describe('rejects of BuildKit', { skip }, () => {
  for (const name of cases('testfiles-negative')) {
    it(name, () => {
      assert.throws(() => parse(readFileSync(join(root, 'testfiles-negative', name, 'Dockerfile'))), {
        kind: 'invalid-parameter',
      });
    });
  }
});

it('line numbers of BuildKit', { skip }, () => {
  const { ast } = parse(readFileSync(join(root, 'testfile-line', 'Dockerfile')));
  assert.deepEqual(ast.range, { startLine: 5, endLine: 31 });
  assert.deepEqual(
    ast.children.map((child) => [child.range.startLine, child.range.endLine]),
    [
      [5, 5],
      [11, 12],
      [17, 31],
    ],
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkTree, findCycles, importsOf, judge } from './boundaries.ts';

test('the tree keeps its boundaries', () => assert.deepEqual(checkTree().complaints, []));

test('every form of import is seen', () => {
  const source =
    "import type { A } from './a.ts';\nimport {\n  b,\n} from './b.ts';\nexport * from './c.ts';\nconst d = await import('./d.ts');\nnew URL('./e.worker.ts', import.meta.url);\nimport 'node:fs';\n";
  const seen = importsOf('src/x/y.ts', source).map(({ target, isTypeOnly }) => [target, isTypeOnly]);
  assert.deepEqual(seen, [
    ['./a.ts', true],
    ['./b.ts', false],
    ['./c.ts', false],
    ['./d.ts', false],
    ['./e.worker.ts', false],
    ['node:fs', false],
  ]);
});

const wrong: [file: string, target: string, complaint: RegExp][] = [
  ['src/images/x.ts', '../containers/index.ts', /rank 6.*rank 7/],
  ['src/containers/x.ts', '../build/index.ts', /rank 7.*rank 7/],
  ['src/containers/x.ts', '../images/contract.ts', /through its index\.ts/],
  ['src/cli/x.ts', '../images/index.ts', /\(client\) may not import images/],
  ['src/images/x.ts', 'koffi', /src\/host/],
  ['src/images/x.ts', 'left-pad', /no door/],
];
for (const [file, target, complaint] of wrong) {
  test(`${file} may not import ${target}`, () =>
    assert.match(judge({ file, line: 1, target, isTypeOnly: false }) ?? '', complaint));
}

test('cycles are found', () => {
  const graph = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a']],
    ['d', ['a']],
  ]);
  assert.deepEqual(findCycles(graph), [['a', 'b', 'c', 'a']]);
});

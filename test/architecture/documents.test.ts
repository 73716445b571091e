import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { test } from 'node:test';
import { commandTable } from '../../src/cli/commands/table.ts';

const root = resolve(import.meta.dirname, '../..');
const documents = ['README.md', 'CONTRIBUTING.md', ...globSync('{docs,src}/**/*.md', { cwd: root })].sort();
const read = (name: string): string => readFileSync(join(root, name), 'utf8');

/** Headings as the anchors a link may name. */
const anchors = (text: string): string[] =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );

const shellBlocks = (text: string): string[] =>
  [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, body = '']) => body);

for (const name of documents) {
  test(`${name}: links lead somewhere`, () => {
    const prose = read(name)
      .replace(/^```[\s\S]*?^```$/gm, '')
      .replace(/`[^`\n]*`/g, '');
    const broken = [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, target = '']) => target)
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path = '', anchor] = target.split('#');
        const file = path === '' ? name : join(dirname(name), path);
        if (!existsSync(join(root, file))) return true;
        return anchor !== undefined && !anchors(read(file)).includes(anchor);
      });
    assert.deepEqual(broken, []);
  });
  test(`${name}: shell blocks parse`, () => {
    for (const block of shellBlocks(read(name))) {
      const { status, stderr } = spawnSync('sh', ['-n'], { input: block, encoding: 'utf8' });
      assert.equal(status, 0, `${stderr}\n${block}`);
    }
  });
}

test('README.md: every berth command in it exists', () => {
  const lines = shellBlocks(read('README.md')).join('').split('\n');
  const unknown = lines
    .flatMap((line) => /^(?:\.\/)?berth (.*)$/.exec(line)?.[1] ?? [])
    .filter((line) => {
      const [first = '', second = ''] = line.split(' ');
      return !(first in commandTable) && !(`${first} ${second}` in commandTable);
    });
  assert.deepEqual(unknown, []);
});

test('README.md: the comparison holds figures, each a ratio', () => {
  const [, table = ''] = read('README.md').split('| case | Berth / Docker |');
  const ratios = [...table.matchAll(/^\|.*\| (\S+) \|$/gm)].map(([, ratio]) => ratio ?? '');
  assert.ok(ratios.length >= 10, `${ratios.length} rows`);
  for (const ratio of ratios) assert.match(ratio, /^\d\.\d\d$/);
});

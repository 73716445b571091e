import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { formatHeader, padOf, TAR_END, type TarEntry, tarEntry } from '../../lib/index.ts';
import { extractBelow } from './extract.ts';

type Part = [type: TarEntry['type'], name: string, rest?: Partial<TarEntry> & { content?: string }];

async function* archive(parts: readonly Part[]): AsyncGenerator<Buffer> {
  for (const [type, name, { content = '', ...rest } = {}] of parts) {
    yield formatHeader(tarEntry(type, name, { mode: 0o644, sizeBytes: content.length, ...rest }));
    yield Buffer.from(content);
    yield Buffer.alloc(padOf(content.length));
  }
  yield TAR_END;
}

/** Extracts below `<folder>/dest`; `<folder>/outside` must stay as it is. */
async function extract(parts: readonly Part[], check: (dest: string) => void, prepare = (_: string): void => {}) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-extract-'));
  try {
    const dest = join(folder, 'dest');
    mkdirSync(dest);
    mkdirSync(join(folder, 'outside'));
    prepare(dest);
    await extractBelow(dest, archive(parts), { rename: (name) => name, keepOwner: false });
    check(dest);
  } finally {
    const escaped = existsSync(join(folder, 'outside/evil')) || existsSync(join(folder, 'evil'));
    rmSync(folder, { recursive: true });
    assert.equal(escaped, false, 'nothing outside of the destination');
  }
}

const link = (target: string): { linkName: Buffer } => ({ linkName: Buffer.from(target) });

const hostile: [what: string, parts: Part[]][] = [
  ['a name with ..', [['file', '../evil', { content: 'x' }]]],
  ['.. in the middle', [['file', 'a/../../evil', { content: 'x' }]]],
  [
    'through a link of its own',
    [
      ['symlink', 'l', link('../outside')],
      ['file', 'l/evil', { content: 'x' }],
    ],
  ],
  [
    'through a deeper link of its own',
    [
      ['symlink', 'a/l', link('../../outside')],
      ['directory', 'a/l/b/'],
      ['file', 'a/l/b/evil', { content: 'x' }],
    ],
  ],
  [
    'a hard link through a link of its own',
    [
      ['symlink', 'l', link('../outside')],
      ['hardlink', 'x', link('l/evil')],
    ],
  ],
  ['a device', [['character', 'null', { deviceMajor: 1, deviceMinor: 3 }]]],
  ['a fifo', [['fifo', 'pipe']]],
];
for (const [what, parts] of hostile)
  test(`extract refuses ${what}`, () =>
    assert.rejects(
      extract(parts, () => {}),
      { kind: 'invalid-parameter' },
    ));

test('extract: an absolute name stays below the destination', () =>
  extract([['file', '/abs', { content: 'x' }]], (dest) => assert.equal(readFileSync(join(dest, 'abs'), 'utf8'), 'x')));

test('extract: setuid, setgid and sticky bits are dropped', () =>
  extract([['file', 'su', { mode: 0o6755 }]], (dest) => assert.equal(statSync(join(dest, 'su')).mode & 0o7777, 0o755)));

test('extract: a file replaces a link, it is not written through it', () =>
  extract(
    [['file', 'l', { content: 'new' }]],
    (dest) => assert.equal(lstatSync(join(dest, 'l')).isFile(), true),
    (dest) => symlinkSync('../outside/evil', join(dest, 'l')),
  ));

test('extract: a link that points outside is only a link', () =>
  extract([['symlink', 'l', link('/etc/passwd')]], (dest) =>
    assert.equal(lstatSync(join(dest, 'l')).isSymbolicLink(), true),
  ));

test('extract: a file where a folder is, is refused', () =>
  assert.rejects(
    extract(
      [['file', 'd', { content: 'x' }]],
      () => {},
      (dest) => mkdirSync(join(dest, 'd')),
    ),
    { code: 'cp-over-folder' },
  ));

test('extract: times and modes of folders are set last', () =>
  extract(
    [
      ['directory', 'd/', { mode: 0o555, mtimeSec: 1000 }],
      ['file', 'd/f', { content: 'x', mtimeSec: 2000 }],
    ],
    (dest) => {
      assert.equal(statSync(join(dest, 'd')).mode & 0o777, 0o555);
      assert.equal(statSync(join(dest, 'd')).mtimeMs, 1_000_000);
      assert.equal(statSync(join(dest, 'd/f')).mtimeMs, 2_000_000);
    },
  ));

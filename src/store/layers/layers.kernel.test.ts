// Trees and archives on a real overlay: needs root. Checks L-01 L-06 L-07 L-11 L-15 of security.md.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { createGzip, createZstdCompress } from 'node:zlib';
import { isEngineError } from '../../errors/index.ts';
import { formatHeader, padOf, readTar, TAR_END, type TarEntry, type TarType, tarEntry } from '../../lib/index.ts';
import type { SnapshotKey, Snapshots } from '../snapshots/contract.ts';
import { parseSnapshotKey } from '../snapshots/key.ts';
import { createSnapshots } from '../snapshots/snapshots.ts';
import type { Layers } from './contract.ts';
import { createLayers } from './layers.ts';

let folder: string;
let snapshots: Snapshots;
let layers: Layers;
let count = 0;

before(async () => {
  folder = mkdtempSync('/tmp/berth-layers-');
  snapshots = await createSnapshots({ dir: join(folder, 'snapshots') });
  layers = createLayers({ snapshots });
});
after(() => rmSync(folder, { recursive: true, force: true }));

type Piece = [type: TarType, name: string, fields?: Partial<TarEntry> & { body?: string | Buffer }];

function tarOf(...pieces: Piece[]): Buffer {
  const parts = pieces.flatMap(([type, name, { body = '', ...fields } = {}]) => {
    const content = Buffer.from(body);
    return [
      formatHeader(tarEntry(type, name, { sizeBytes: content.length, ...fields })),
      content,
      Buffer.alloc(padOf(content.length)),
    ];
  });
  return Buffer.concat([...parts, TAR_END]);
}
const stream = (bytes: Buffer): Readable => Readable.from([bytes], { objectMode: false });
const key = (name: string): SnapshotKey => parseSnapshotKey(`${name}-${++count}`);

async function layer(parent: SnapshotKey | undefined, tar: Buffer): Promise<SnapshotKey> {
  const active = key('a');
  const name = key('c');
  await snapshots.prepare(active, parent);
  await layers.apply(active, stream(tar));
  await snapshots.commit(name, active);
  return name;
}

/** What a container of these layers sees: path → contents, link target or type. */
async function view(top: SnapshotKey, look: (root: string) => void | Promise<void>): Promise<void> {
  const active = key('v');
  const mount = await snapshots.prepare(active, top);
  const target = mkdtempSync(join(folder, 'mnt-'));
  mount.mount(target);
  try {
    await look(target);
  } finally {
    mount.unmount(target);
    rmSync(target, { recursive: true });
    await snapshots.remove(active);
  }
}

test('a layer is applied with its owners, modes, links and times, and its digest is that of the tar', async () => {
  const tar = tarOf(
    ['directory', 'd/', { mode: 0o750, uid: 7, gid: 8, mtimeSec: 1000 }],
    ['file', 'd/f', { body: 'hello', mode: 0o4755, uid: 1, mtimeSec: 1234, mtimeNsec: 567_000_000 }],
    ['hardlink', 'd/h', { linkName: Buffer.from('d/f') }],
    ['symlink', 'l', { linkName: Buffer.from('/d/f') }],
    ['fifo', 'p'],
    ['character', 'null', { deviceMajor: 1, deviceMinor: 3, mode: 0o666 }],
  );
  const active = key('a');
  await snapshots.prepare(active);
  const { diffId, sizeBytes } = await layers.apply(active, stream(tar).pipe(createGzip()));
  assert.equal(diffId, `sha256:${createHash('sha256').update(tar).digest('hex')}`);
  // The file, and the text of the link.
  assert.equal(sizeBytes, 9);
  await snapshots.commit(key('c'), active);
  await view(parseSnapshotKey(`c-${count}`), (root) => {
    const f = lstatSync(join(root, 'd/f'), { bigint: true });
    assert.deepEqual([f.mode & 0o7777n, f.uid, f.nlink, f.mtimeNs], [0o4755n, 1n, 2n, 1_234_567_000_000n]);
    assert.equal(lstatSync(join(root, 'd')).mtimeMs, 1_000_000);
    assert.equal(readlinkSync(join(root, 'l')), '/d/f');
    assert.ok(lstatSync(join(root, 'p')).isFIFO());
    assert.equal(lstatSync(join(root, 'null')).rdev, 0x103);
  });
});

test('whiteouts delete what lies below, opaque folders hide it, and what the layer itself makes stays', async () => {
  const base = await layer(
    undefined,
    tarOf(
      ['directory', 'd/'],
      ['file', 'd/a', { body: 'a' }],
      ['file', 'd/b', { body: 'b' }],
      ['directory', 'o/'],
      ['file', 'o/x', { body: 'x' }],
      ['file', 'gone', { body: 'g' }],
    ),
  );
  const top = await layer(
    base,
    tarOf(
      ['file', 'd/.wh.a'],
      ['file', 'o/.wh..wh..opq'],
      ['file', 'o/y', { body: 'y' }],
      ['file', 'new', { body: 'n' }],
      ['file', '.wh.new'],
      ['file', '.wh.gone'],
      ['file', '.wh.never'],
    ),
  );
  await view(top, (root) => {
    assert.deepEqual(readdirSync(join(root, 'd')), ['b']);
    assert.deepEqual(readdirSync(join(root, 'o')), ['y']);
    assert.deepEqual(readdirSync(root).sort(), ['d', 'new', 'o']);
  });
});

test('a layer may turn a folder into a link and back; writing through a link stays inside', async () => {
  const base = await layer(
    undefined,
    tarOf(
      ['directory', 'd/'],
      ['file', 'd/a', { body: 'a' }],
      ['directory', 'real/'],
      ['symlink', 'in', { linkName: Buffer.from('/real') }],
    ),
  );
  const top = await layer(
    base,
    tarOf(['symlink', 'd', { linkName: Buffer.from('/etc') }], ['file', 'in/made', { body: 'm' }]),
  );
  await view(top, (root) => {
    assert.equal(readlinkSync(join(root, 'd')), '/etc');
    assert.equal(readFileSync(join(root, 'real/made'), 'utf8'), 'm');
  });
  const back = await layer(top, tarOf(['directory', 'd/'], ['file', 'd/z', { body: 'z' }]));
  await view(back, (root) => assert.deepEqual(readdirSync(join(root, 'd')), ['z']));
});

const outside = (): string => join(folder, 'sentinel');
const hostile: [what: string, pieces: Piece[]][] = [
  ['..', [['file', '../evil', { body: 'x' }]]],
  ['.. inside', [['file', 'a/../../evil', { body: 'x' }]]],
  ['an absolute name', [['file', '/tmp/berth-evil', { body: 'x' }]]],
  [
    'a link to the host',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL') }],
      ['file', 'l/evil', { body: 'x' }],
    ],
  ],
  [
    'a link upwards',
    [
      ['symlink', 'l', { linkName: Buffer.from('../../../../../../../..SENTINEL') }],
      ['file', 'l/evil', { body: 'x' }],
    ],
  ],
  [
    'a link over a link',
    [
      ['symlink', 'a', { linkName: Buffer.from('SENTINEL') }],
      ['symlink', 'b', { linkName: Buffer.from('a') }],
      ['file', 'b/evil', { body: 'x' }],
    ],
  ],
  [
    'a file over a link',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL/secret') }],
      ['file', 'l', { body: 'x' }],
    ],
  ],
  ['a hard link out', [['hardlink', 'h', { linkName: Buffer.from('SENTINEL/secret') }]]],
  ['a hard link upwards', [['hardlink', 'h', { linkName: Buffer.from('../../../..SENTINEL/secret') }]]],
  [
    'a hard link through a link',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL') }],
      ['hardlink', 'h', { linkName: Buffer.from('l/secret') }],
    ],
  ],
  [
    'a folder over a link',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL') }],
      ['directory', 'l/', { mode: 0o777 }],
      ['file', 'l/evil', { body: 'x' }],
    ],
  ],
  ['a whiteout of ..', [['file', '.wh...']]],
  ['a whiteout of .', [['file', '.wh..']]],
  ['an empty whiteout', [['file', '.wh.']]],
  [
    'a whiteout through a link',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL') }],
      ['file', 'l/.wh.secret'],
    ],
  ],
  [
    'an opaque mark through a link',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL') }],
      ['file', 'l/.wh..wh..opq'],
    ],
  ],
  ['a name too long', [['file', 'x'.repeat(300), { body: 'x' }]]],
  ['a path too deep', [['file', `${'d/'.repeat(1030)}f`, { body: 'x' }]]],
  ['a name that is only slashes and dots', [['file', '//..//../x/../../evil', { body: 'x' }]]],
  ['a folder called ..', [['directory', '../evil/']]],
  ['a link called ..', [['symlink', '..', { linkName: Buffer.from('SENTINEL') }]]],
  [
    'a link to ..',
    [
      ['symlink', 'up', { linkName: Buffer.from('..') }],
      ['symlink', 'up2', { linkName: Buffer.from('up/..') }],
      ['file', 'up2/evil', { body: 'x' }],
    ],
  ],
  [
    'a link to the root',
    [
      ['symlink', 'r', { linkName: Buffer.from('/') }],
      ['file', 'r/../../tmp/berth-evil', { body: 'x' }],
    ],
  ],
  [
    'a folder that becomes a link between two entries',
    [
      ['directory', 'd/'],
      ['file', 'd/a', { body: 'a' }],
      ['symlink', 'd', { linkName: Buffer.from('SENTINEL') }],
      ['file', 'd/evil', { body: 'x' }],
    ],
  ],
  [
    'a link that becomes a folder',
    [
      ['symlink', 'd', { linkName: Buffer.from('SENTINEL') }],
      ['directory', 'd/', { mode: 0o777, uid: 5 }],
      ['file', 'd/secret', { body: 'x', mode: 0o777 }],
    ],
  ],
  [
    'a chain of links that ends outside',
    [
      ['directory', 'a/b/'],
      ['symlink', 'a/b/c', { linkName: Buffer.from('../../../../../../../..SENTINEL') }],
      ['symlink', 'd', { linkName: Buffer.from('a/b/c') }],
      ['file', 'd/secret', { body: 'x' }],
    ],
  ],
  [
    'links in a circle',
    [
      ['symlink', 'a', { linkName: Buffer.from('b') }],
      ['symlink', 'b', { linkName: Buffer.from('a') }],
      ['file', 'a/x', { body: 'x' }],
    ],
  ],
  [
    'a hard link to a link, then its mode and owner',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL/secret') }],
      ['hardlink', 'h', { linkName: Buffer.from('l'), mode: 0o777, uid: 7 }],
      ['file', 'h', { body: 'x', mode: 0o777 }],
    ],
  ],
  [
    'a hard link to a link, then writing through it',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL') }],
      ['hardlink', 'h', { linkName: Buffer.from('l') }],
      ['file', 'h/evil', { body: 'x' }],
    ],
  ],
  ['a hard link to ..', [['hardlink', 'h', { linkName: Buffer.from('..') }]]],
  ['a hard link to the root', [['hardlink', 'h', { linkName: Buffer.from('/') }]]],
  ['a hard link to itself', [['hardlink', 'h', { linkName: Buffer.from('h') }]]],
  [
    'a link with attributes of its target',
    [['symlink', 'l', { linkName: Buffer.from('SENTINEL/secret'), mode: 0o777, uid: 9, mtimeSec: 1 }]],
  ],
  [
    'a device where a link stands',
    [
      ['symlink', 'l', { linkName: Buffer.from('SENTINEL/secret') }],
      ['character', 'l', { deviceMajor: 1, deviceMinor: 3 }],
    ],
  ],
  [
    'a magic link',
    [
      ['symlink', 'p', { linkName: Buffer.from('/proc/self/root') }],
      ['file', 'p/tmp/berth-evil', { body: 'x' }],
      ['symlink', 'q', { linkName: Buffer.from('/proc/self/cwd') }],
      ['file', 'q/berth-evil', { body: 'x' }],
    ],
  ],
  [
    'a fifo and a socket name written over',
    [
      ['fifo', 'p'],
      ['file', 'p', { body: 'x' }],
      ['fifo', 'p'],
    ],
  ],
  ['the overlay mark as a device', [['character', 'etc', { deviceMajor: 0, deviceMinor: 0 }]]],
];
for (const [what, pieces] of hostile) {
  test(`L-01 ${what}: nothing outside changes`, async () => {
    rmSync(outside(), { recursive: true, force: true });
    mkdirSync(outside());
    writeFileSync(join(outside(), 'secret'), 'secret', { mode: 0o600 });
    const before = statSync(join(outside(), 'secret'));
    const real = pieces.map(
      ([type, name, fields]): Piece => [
        type,
        name,
        fields?.linkName === undefined
          ? (fields ?? {})
          : { ...fields, linkName: Buffer.from(fields.linkName.toString().replace('SENTINEL', outside())) },
      ],
    );
    for (const into of ['layer', 'folder'] as const) {
      const active = key('h');
      await snapshots.prepare(active);
      const plain = mkdtempSync(join(folder, 'x-'));
      try {
        await (into === 'layer'
          ? layers.apply(active, stream(tarOf(...real)))
          : layers.extract(plain, '/', stream(tarOf(...real))));
      } catch (error) {
        assert.ok(isEngineError(error), String(error));
      }
      await snapshots.remove(active);
      rmSync(plain, { recursive: true });
    }
    assert.deepEqual(readdirSync(outside()), ['secret']);
    const now = statSync(join(outside(), 'secret'));
    assert.deepEqual(
      [now.ino, now.mode, now.nlink, now.mtimeMs, readFileSync(join(outside(), 'secret'), 'utf8')],
      [before.ino, before.mode, before.nlink, before.mtimeMs, 'secret'],
    );
    assert.equal(lstatSync('/tmp/berth-evil', { throwIfNoEntry: false }), undefined);
  });
}

test('a link that is in the target already does not lead out either', async () => {
  mkdirSync(outside(), { recursive: true });
  const target = mkdtempSync(join(folder, 'x-'));
  symlinkSync(outside(), join(target, 'there'));
  await layers.extract(target, '/', stream(tarOf(['file', 'there/evil', { body: 'x' }]))).catch(() => {});
  assert.ok(!readdirSync(outside()).includes('evil'));
});

for (const [what, bytes] of [
  ['truncated', tarOf(['file', 'f', { body: 'x'.repeat(2000) }]).subarray(0, 1500)],
  ['not a tar', Buffer.from('hello, world'.repeat(100))],
  ['damaged gzip', Buffer.concat([Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), Buffer.from('garbage')])],
] as const) {
  test(`an archive that is ${what} is refused`, async () => {
    const active = key('t');
    await snapshots.prepare(active);
    await assert.rejects(layers.apply(active, stream(bytes)), (error: unknown) =>
      isEngineError(error, 'invalid-parameter'),
    );
    await snapshots.remove(active);
  });
}

test('L-11 attributes of overlay are dropped, capabilities kept', async () => {
  const xattrs = new Map([
    ['trusted.overlay.redirect', Buffer.from('/secret')],
    ['trusted.overlay.opaque', Buffer.from('y')],
    ['user.overlay.opaque', Buffer.from('y')],
    ['user.note', Buffer.from('kept')],
    ['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')],
  ]);
  const base = await layer(undefined, tarOf(['directory', 'd/'], ['file', 'd/below', { body: 'b' }]));
  const top = await layer(
    base,
    tarOf(['directory', 'd/', { xattrs: new Map([...xattrs].slice(0, 3)) }], ['file', 'd/f', { body: 'x', xattrs }]),
  );
  await view(top, (root) => {
    assert.deepEqual(readdirSync(join(root, 'd')), ['below', 'f']);
  });
  const { tar } = await layers.archive(await snapshots.changesDir(top), '/d/f');
  const bytes = Buffer.concat(await Array.fromAsync(tar as AsyncIterable<Buffer>));
  assert.ok(bytes.includes('SCHILY.xattr.user.note=kept') && bytes.includes('SCHILY.xattr.security.capability='));
  assert.ok(!bytes.includes('overlay'));
});

test('L-15 odd names, links, times and attributes survive: apply, diff, apply again give one digest', async () => {
  const tar = tarOf(
    ['directory', 'a/', { mtimeSec: 5, mtimeNsec: 123_456_789 }],
    ['file', 'a/\x1b[31m\n', { body: 'esc', mtimeSec: -5 }],
    ['hardlink', 'a/zz', { linkName: Buffer.from('a/\x1b[31m\n') }],
    ['file', `a/${'n'.repeat(255)}`, { body: 'long', uid: 3_000_000_000, mtimeSec: 99 }],
    ['symlink', 's', { linkName: Buffer.from('x'.repeat(200)), mtimeSec: 7 }],
  );
  const odd = tarEntry('file', '', { sizeBytes: 0, mtimeSec: 3 });
  odd.name = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
  const whole = Buffer.concat([tar.subarray(0, tar.length - TAR_END.length), formatHeader(odd), TAR_END]);
  const first = await layer(undefined, whole);
  const one = await layers.diff(first);
  const copy = Buffer.concat(await Array.fromAsync((await layers.openDiff(first)) as AsyncIterable<Buffer>));
  assert.equal(`sha256:${createHash('sha256').update(copy).digest('hex')}`, one.diffId);
  const second = await layer(undefined, copy);
  assert.equal((await layers.diff(second)).diffId, one.diffId);
  const dir = await snapshots.changesDir(second);
  assert.ok(readdirSync(dir, { encoding: 'buffer' }).some((name) => name.equals(odd.name)));
});

test('the diff of deletions and replaced folders, applied again, looks the same', async () => {
  const base = await layer(
    undefined,
    tarOf(['directory', 'd/'], ['file', 'd/a', { body: 'a' }], ['file', 'f', { body: 'f' }]),
  );
  const active = key('w');
  const mount = await snapshots.prepare(active, base);
  const root = mkdtempSync(join(folder, 'mnt-'));
  mount.mount(root);
  rmSync(join(root, 'd'), { recursive: true });
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/n'), 'n');
  rmSync(join(root, 'f'));
  mount.unmount(root);
  assert.deepEqual(await layers.changes(active), [
    { path: '/d', kind: 0 },
    { path: '/d/n', kind: 1 },
    { path: '/f', kind: 2 },
  ]);
  const bytes = Buffer.concat(await Array.fromAsync((await layers.openDiff(active)) as AsyncIterable<Buffer>));
  await snapshots.remove(active);
  await view(await layer(base, bytes), (again) => {
    assert.deepEqual(readdirSync(again), ['d']);
    assert.deepEqual(readdirSync(join(again, 'd')), ['n']);
  });
});

test('SOURCE_DATE_EPOCH clamps times, and only those above it', async () => {
  const top = await layer(
    undefined,
    tarOf(['file', 'old', { mtimeSec: 10 }], ['file', 'new', { mtimeSec: 2_000_000_000 }]),
  );
  const clamped = Buffer.concat(
    await Array.fromAsync((await layers.openDiff(top, { sourceDateEpoch: 1000 })) as AsyncIterable<Buffer>),
  );
  const again = await layer(undefined, clamped);
  await view(again, (root) => {
    assert.equal(lstatSync(join(root, 'old')).mtimeMs, 10_000);
    assert.equal(lstatSync(join(root, 'new')).mtimeMs, 1_000_000);
  });
});

test('copy merges folders, replaces files, changes owner and mode, leaves out what is excluded', async () => {
  const from = mkdtempSync(join(folder, 'from-'));
  const to = mkdtempSync(join(folder, 'to-'));
  mkdirSync(join(from, 'a/b'), { recursive: true });
  writeFileSync(join(from, 'a/b/keep.txt'), 'keep');
  writeFileSync(join(from, 'a/b/drop.log'), 'drop');
  mkdirSync(join(to, 'x/b'), { recursive: true });
  writeFileSync(join(to, 'x/b/there'), 't');
  await layers.copy({
    from: { root: from, path: '/a' },
    to: { root: to, path: '/x' },
    contentsOnly: true,
    owner: { uid: 5, gid: 6 },
    chmodSymbolic: 'u=rwX,go=',
    exclude: ['**/*.log'],
  });
  assert.deepEqual(readdirSync(join(to, 'x/b')).sort(), ['keep.txt', 'there']);
  const keep = lstatSync(join(to, 'x/b/keep.txt'));
  assert.deepEqual([keep.uid, keep.gid, keep.mode & 0o777], [5, 6, 0o600]);
});

test('a copy keeps hard links, odd names and times', async () => {
  const from = mkdtempSync(join(folder, 'from-'));
  const to = mkdtempSync(join(folder, 'to-'));
  const tar = tarOf(
    ['directory', 'd/', { mtimeSec: 5 }],
    ['file', 'd/\xff\n', { body: 'x', mtimeSec: 4, mtimeNsec: 3 }],
    ['hardlink', 'other', { linkName: Buffer.from('d/\xff\n') }],
  );
  await layers.extract(from, '/', stream(tar));
  await layers.copy({ from: { root: from, path: '/' }, to: { root: to, path: '/' }, contentsOnly: true });
  const other = lstatSync(join(to, 'other'), { bigint: true });
  assert.deepEqual([other.nlink, other.mtimeNs], [2n, 4_000_000_003n]);
  assert.equal(lstatSync(join(to, 'd')).mtimeMs, 5000);
  const outside = { contentsOnly: true };
  assert.equal(await layers.contentHash(from, '/', outside), await layers.contentHash(to, '/', outside));
});

test('the content hash knows contents, names and modes, not times', async () => {
  const make = (content: string, name: string, mode: number): string => {
    const dir = mkdtempSync(join(folder, 'hash-'));
    writeFileSync(join(dir, name), content, { mode });
    return dir;
  };
  const hash = (dir: string): Promise<string> => layers.contentHash(dir, '/', { contentsOnly: true });
  const one = await hash(make('x', 'f', 0o644));
  assert.equal(await hash(make('x', 'f', 0o644)), one);
  for (const other of [make('y', 'f', 0o644), make('x', 'g', 0o644), make('x', 'f', 0o600)])
    assert.notEqual(await hash(other), one);
});

test('glob and stat stay inside, links resolved', async () => {
  const root = mkdtempSync(join(folder, 'glob-'));
  mkdirSync(join(root, 'src'));
  for (const name of ['a.js', 'b.js', 'c.txt']) writeFileSync(join(root, 'src', name), '');
  symlinkSync('/src/a.js', join(root, 'abs'));
  assert.deepEqual(await layers.glob(root, 'src/*.js'), ['src/a.js', 'src/b.js']);
  assert.deepEqual(await layers.glob(root, 's?c/[ab].*'), ['src/a.js', 'src/b.js']);
  assert.equal((await layers.stat(root, '/abs')).linkTarget, '/src/a.js');
  await assert.rejects(layers.stat(root, '/nope'), (error: unknown) => isEngineError(error, 'not-found'));
  assert.equal(await layers.readFile(root, '/../../etc/passwd'), undefined);
});

test('whiteouts know this layer from the ones below, in whatever order they come', async () => {
  const base = await layer(
    undefined,
    tarOf(
      ['directory', 'd/'],
      ['file', 'd/old', { body: 'o' }],
      ['directory', 'o/sub/'],
      ['file', 'o/sub/old', { body: 'o' }],
    ),
  );
  const top = await layer(
    base,
    tarOf(
      ['file', 'd/new', { body: 'n' }],
      ['file', '.wh.d'],
      ['file', 'o/sub/new', { body: 'n' }],
      ['file', 'o/.wh..wh..opq'],
      ['file', 'no/such/.wh.parent'],
      ['file', '.wh..wh.plnk/1.2', { body: 'aufs' }],
    ),
  );
  await view(top, (root) => {
    assert.deepEqual(readdirSync(root).sort(), ['d', 'o']);
    assert.deepEqual(readdirSync(join(root, 'd')), ['new']);
    assert.deepEqual(readdirSync(join(root, 'o/sub')), ['new']);
  });
});

test('`.` of a plain archive leaves the folder as it is; `..` inside a name is taken back', async () => {
  const target = mkdtempSync(join(folder, 'x-'));
  const mode = statSync(target).mode;
  await layers.extract(
    target,
    '/',
    stream(tarOf(['directory', './', { mode: 0o777 }], ['file', './a/../b', { body: 'b' }])),
  );
  assert.equal(statSync(target).mode, mode);
  assert.deepEqual(readdirSync(target), ['b']);
});

test('an archive for a folder below the root follows links within the root', async () => {
  const root = mkdtempSync(join(folder, 'x-'));
  mkdirSync(join(root, 'data'));
  mkdirSync(join(root, 'app'));
  symlinkSync('/data', join(root, 'app/link'));
  await layers.extract(root, '/app', stream(tarOf(['file', 'link/f', { body: 'f' }])));
  assert.deepEqual(readdirSync(join(root, 'data')), ['f']);
  await assert.rejects(layers.extract(root, '/data/f', stream(tarOf())), (error: unknown) =>
    isEngineError(error, 'invalid-parameter'),
  );
});

test('a folder that was only copied up is no change; a new folder carries no mark that it hides something', async () => {
  const base = await layer(undefined, tarOf(['directory', 'd/', { mtimeSec: 5 }], ['file', 'd/f', { body: 'f' }]));
  const active = key('w');
  const mount = await snapshots.prepare(active, base);
  const root = mkdtempSync(join(folder, 'mnt-'));
  mount.mount(root);
  mkdirSync(join(root, 'new/inner'), { recursive: true });
  // Open for writing copies the file up, and the folder with it.
  writeFileSync(join(root, 'd/f'), 'g');
  rmSync(join(root, 'new/inner'), { recursive: true });
  mount.unmount(root);
  assert.deepEqual(await layers.changes(active), [
    { path: '/d', kind: 0 },
    { path: '/d/f', kind: 0 },
    { path: '/new', kind: 1 },
  ]);
  const bytes = Buffer.concat(await Array.fromAsync((await layers.openDiff(active)) as AsyncIterable<Buffer>));
  assert.ok(!bytes.includes('.wh.'));
  await snapshots.remove(active);
});

test('a file that is called like a whiteout cannot become a layer', async () => {
  const active = key('w');
  await snapshots.prepare(active);
  writeFileSync(join(await snapshots.changesDir(active), '.wh.x'), '');
  await assert.rejects(layers.diff(active), (error: unknown) => isEngineError(error, 'invalid-parameter'));
  await snapshots.remove(active);
});

test('glob knows ** and does not follow links that a wildcard finds', async () => {
  const root = mkdtempSync(join(folder, 'glob-'));
  mkdirSync(join(root, 'a/b'), { recursive: true });
  for (const path of ['x.js', 'a/y.js', 'a/b/z.js']) writeFileSync(join(root, path), '');
  symlinkSync('a', join(root, 'l'));
  assert.deepEqual(await layers.glob(root, '**/*.js'), ['a/b/z.js', 'a/y.js', 'x.js']);
  assert.deepEqual(await layers.glob(root, '*/y.js'), ['a/y.js']);
  assert.deepEqual(await layers.glob(root, 'l/y.js'), ['l/y.js']);
  await assert.rejects(layers.glob(root, '['), (error: unknown) => isEngineError(error, 'invalid-parameter'));
});

test('L-06 an archive that expands past the limit stops there and leaves nothing', async () => {
  const small = createLayers({ snapshots, maxExpandedBytes: 32 << 20 });
  async function* bomb(): AsyncGenerator<Buffer> {
    yield formatHeader(tarEntry('file', 'zeros', { sizeBytes: 2 ** 33 }));
    const zeros = Buffer.alloc(1 << 20);
    for (let at = 0; at < 2 ** 13; at++) yield zeros;
  }
  for (const compress of [createGzip, createZstdCompress]) {
    const active = key('bomb');
    await snapshots.prepare(active);
    const rss = process.memoryUsage.rss();
    const started = performance.now();
    const source = Readable.from(bomb(), { objectMode: false }).pipe(compress());
    await assert.rejects(small.apply(active, source), (error: unknown) => isEngineError(error, 'no-space'));
    assert.ok(performance.now() - started < 10_000);
    assert.ok(process.memoryUsage.rss() - rss < 64 << 20);
    source.destroy();
    await snapshots.remove(active);
  }
});

test('L-07 headers that claim too much are refused before they are believed', async () => {
  const raw = (flag: string, sizeBytes: number, body: Buffer = Buffer.alloc(0)): Buffer => {
    const block = formatHeader(tarEntry('file', 'x', { sizeBytes }));
    block.write(flag, 156, 'latin1');
    block.fill(0x20, 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return Buffer.concat([block, body, Buffer.alloc(padOf(body.length))]);
  };
  const map = Buffer.from('30 GNU.sparse.major=1\n'.replace('30', '22'));
  const sizes = Buffer.from('22 GNU.sparse.minor=0\n');
  const cases: [string, Buffer][] = [
    ['1 GiB of PAX', raw('x', 2 ** 30)],
    [
      'a name of 64 KiB',
      Buffer.concat([raw('L', 65536, Buffer.alloc(65536, 'n')), formatHeader(tarEntry('file', 'f'))]),
    ],
    [
      '10,000 folders',
      Buffer.concat([raw('L', 20002, Buffer.from(`${'d/'.repeat(10_000)}f\0`)), formatHeader(tarEntry('file', 'f'))]),
    ],
    [
      'a sparse map of ten million parts',
      Buffer.concat([
        raw('x', map.length + sizes.length, Buffer.concat([map, sizes])),
        formatHeader(tarEntry('file', 'f', { sizeBytes: 1 << 20 })),
        Buffer.from('10000000\n'),
        Buffer.alloc(600, '0\n'),
      ]),
    ],
  ];
  const rss = process.memoryUsage.rss();
  for (const [what, bytes] of cases) {
    const active = key('l7');
    await snapshots.prepare(active);
    await assert.rejects(
      layers.apply(active, stream(bytes)),
      (error: unknown) =>
        isEngineError(error, 'invalid-parameter') && /limit|deep|long/.test(error.code + error.message),
      what,
    );
    await snapshots.remove(active);
  }
  assert.ok(process.memoryUsage.rss() - rss < 128 << 20);
});

for (const [what, args] of [
  ['gzip', ['gzip', '-c']],
  ['bzip2', ['bzip2', '-c']],
  ['xz', ['xz', '-c']],
  ['zstd', ['zstd', '-qc']],
] as const)
  test(`L-04 ${what} is read by the host's own means, whole or not at all`, async () => {
    const plain = tarOf(['file', 'f', { body: randomBytes(50_000) }]);
    const [program, ...rest] = args;
    const packed = execFileSync(program, rest, { input: plain, maxBuffer: 1 << 24 });
    const active = key('z');
    await snapshots.prepare(active);
    // A program of that name first in PATH is never asked.
    const path = process.env['PATH'];
    process.env['PATH'] = folder;
    writeFileSync(join(folder, program), `#!/bin/sh\ntouch ${folder}/canary\n`, { mode: 0o755 });
    try {
      const { diffId } = await layers.apply(active, stream(packed));
      assert.equal(diffId, `sha256:${createHash('sha256').update(plain).digest('hex')}`);
      await snapshots.remove(active);
      await snapshots.prepare(active);
      await assert.rejects(layers.apply(active, stream(packed.subarray(0, packed.length - 2000))), (error: unknown) =>
        isEngineError(error, 'invalid-parameter'),
      );
    } finally {
      process.env['PATH'] = path;
      await snapshots.remove(active);
    }
    assert.ok(!readdirSync(folder).includes('canary'));
  });

test('work that is cancelled, and a source that fails, end the work with their own reason', async () => {
  const abort = new AbortController();
  async function* endless(): AsyncGenerator<Buffer> {
    yield formatHeader(tarEntry('file', 'f', { sizeBytes: 2 ** 30 }));
    for (let at = 0; ; at++) {
      if (at === 5) abort.abort();
      yield Buffer.alloc(1 << 16);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  async function* broken(): AsyncGenerator<Buffer> {
    yield formatHeader(tarEntry('file', 'f', { sizeBytes: 2 ** 30 }));
    throw new Error('connection reset');
  }
  const active = key('x');
  await snapshots.prepare(active);
  await assert.rejects(layers.apply(active, endless(), abort.signal), (error: unknown) =>
    isEngineError(error, 'cancelled'),
  );
  await assert.rejects(layers.apply(active, broken()), /connection reset/);
  await snapshots.remove(active);
});

test('an archive is streamed while the tree changes; fifos and sockets are never opened', async () => {
  const root = mkdtempSync(join(folder, 'live-'));
  execFileSync('mkfifo', [join(root, 'pipe')]);
  const server = createServer().listen(join(root, 'sock'));
  for (let at = 0; at < 300; at++) writeFileSync(join(root, `f${at}`), 'x'.repeat(5000));
  let at = 0;
  const change = setInterval(() => {
    const path = join(root, `f${at++ % 300}`);
    if (at % 3 === 0) rmSync(path, { force: true });
    else if (at % 3 === 1) writeFileSync(path, 'short');
    else {
      rmSync(path, { force: true });
      symlinkSync('/etc/passwd', path);
    }
  }, 0);
  try {
    for (let round = 0; round < 5; round++) {
      const { tar } = await layers.archive(root, '/');
      const names: string[] = [];
      for await (const { entry } of readTar(tar as AsyncIterable<Buffer>)) names.push(entry.name.toString());
      assert.ok(names.includes('/pipe') && !names.includes('/sock'), names.slice(0, 3).join());
    }
  } finally {
    clearInterval(change);
    server.close();
  }
});

test('a stream that nobody reads to its end lets go of the tree', async () => {
  const root = mkdtempSync(join(folder, 'big-'));
  for (let at = 0; at < 40; at++) writeFileSync(join(root, `f${at}`), Buffer.alloc(1 << 18));
  const openFds = (): number => readdirSync('/proc/self/fd').length;
  const drop = async (): Promise<void> => {
    const { tar } = await layers.archive(root, '/');
    await new Promise((resolve) => tar.once('readable', resolve));
    tar.destroy();
  };
  // Both threads have their own fds: started first.
  await Promise.all([drop(), drop(), drop()]);
  const before = openFds();
  for (let round = 0; round < 20; round++) await drop();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.ok(openFds() <= before + 2, `${openFds()} fds, before ${before}`);
});

test('L-15 a plain archive out and in and out again is the same bytes', async () => {
  const from = mkdtempSync(join(folder, 'rt-'));
  const tar = tarOf(
    ['directory', 'd/', { mode: 0o1777, mtimeSec: 7, mtimeNsec: 1 }],
    [
      'file',
      'd/caps',
      {
        body: 'x',
        xattrs: new Map([['security.capability', Buffer.from('0100000200040000000000000000000000000000', 'hex')]]),
        mtimeSec: 9,
      },
    ],
    ['hardlink', 'd/other', { linkName: Buffer.from('d/caps') }],
    ['file', 'd/\xff', { body: 'y', mode: 0o6755, mtimeSec: 1, mtimeNsec: 999_999_999 }],
    ['fifo', 'd/p', { mtimeSec: 3 }],
  );
  await layers.extract(from, '/', stream(tar));
  const bytesOf = async (root: string): Promise<Buffer> =>
    Buffer.concat(await Array.fromAsync((await layers.archive(root, '/d')).tar as AsyncIterable<Buffer>));
  const once = await bytesOf(from);
  const again = mkdtempSync(join(folder, 'rt-'));
  await layers.extract(again, '/', stream(once));
  assert.ok((await bytesOf(again)).equals(once));
  assert.ok(once.includes('security.capability'));
});

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { closeFd, findStatAt, mkdirAt, openAt, statAt, utimesAt } from './at.ts';
import { HostError } from './libc.ts';
import { joinPath, RootedFs, splitPath } from './rooted-fs.ts';
import { getXattr, listXattrs, setXattr } from './xattr.ts';

let folder: string;
let root: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-rooted-'));
  root = join(folder, 'root');
  mkdirSync(join(root, 'etc'), { recursive: true });
  mkdirSync(join(root, 'a/b'), { recursive: true });
  writeFileSync(join(folder, 'secret'), 'outside');
  writeFileSync(join(root, 'secret'), 'inside');
  writeFileSync(join(root, 'etc/passwd'), 'of the root');
  for (const [name, target] of [
    ['absolute', '/etc/passwd'],
    ['up', '../../../../../../secret'],
    ['host', join(folder, 'secret')],
    ['dir', '/a'],
    ['dangling', '/a/new/deep'],
    ['loop', 'loop'],
    ['magic', '/proc/self/root'],
    ['chain', 'dir/../absolute'],
  ] as const)
    symlinkSync(target, join(root, name));
});
after(() => rmSync(folder, { recursive: true }));

const errno = (code: string) => (error: unknown) => error instanceof HostError && error.code === code;
const read = (path: string): string | undefined => {
  using fs = RootedFs.open(root);
  const open = fs.openRegular(Buffer.from(path));
  if (open === undefined) return undefined;
  try {
    return readFileSync(`/proc/self/fd/${open.fd}`, 'utf8');
  } finally {
    closeFd(open.fd);
  }
};

const reads: [path: string, expected: string | undefined][] = [
  ['/etc/passwd', 'of the root'],
  ['etc/passwd', 'of the root'],
  ['../../etc/passwd', 'of the root'],
  ['absolute', 'of the root'],
  ['chain', 'of the root'],
  ['up', 'inside'],
  ['host', undefined],
  ['a', undefined],
  ['nothing', undefined],
  ['secret/below', undefined],
  ['magic/etc/passwd', undefined],
];
for (const [path, expected] of reads) test(`reads ${path} inside the root`, () => assert.equal(read(path), expected));

test('a loop is an error, a NUL too', () => {
  assert.throws(() => read('loop'), errno('ELOOP'));
  assert.throws(() => read('etc/passwd\0x'), errno('EINVAL'));
});

const places: [path: string, follow: boolean, components: string, isThere: boolean][] = [
  ['/', false, '', true],
  ['/..', false, '', true],
  ['/a/../../..', false, '', true],
  ['/absolute', false, 'absolute', true],
  ['/absolute', true, 'etc/passwd', true],
  ['/dir/b', false, 'a/b', true],
  ['/dir/', true, 'a', true],
  ['/up', true, 'secret', true],
  ['/a/missing', true, 'a/missing', false],
];
for (const [path, followLast, components, isThere] of places)
  test(`finds ${path}${followLast ? ', followed,' : ''} at /${components}`, () => {
    using fs = RootedFs.open(root);
    using place = fs.locate(Buffer.from(path), { followLast });
    assert.equal(joinPath(place.components).toString(), components);
    assert.equal(place.stat !== undefined, isThere);
  });

test('missing folders are made where a dangling link points, inside', () => {
  using fs = RootedFs.open(root);
  closeFd(fs.ensureDir(Buffer.from('/dangling/x')));
  assert.deepEqual(readdirSync(join(root, 'a/new/deep')), ['x']);
  assert.throws(() => fs.ensureDir(Buffer.from('/secret/x')), errno('ENOTDIR'));
  assert.throws(() => fs.locate(Buffer.from('/nope/x')), errno('ENOENT'));
  assert.throws(() => fs.locate(Buffer.from('/loop/x')), errno('ELOOP'));
});

test('times to the nanosecond, before 1970 too; attributes as bytes', () => {
  using fs = RootedFs.open(root);
  const name = Buffer.from([0x66, 0xff, 0x0a]);
  mkdirAt(fs.fd, name, 0o700);
  for (const time of [
    { sec: 1_700_000_000, nsec: 123_456_789 },
    { sec: -5, nsec: 1 },
  ]) {
    utimesAt(fs.fd, name, time);
    const { mtimeSec: sec, mtimeNsec: nsec } = statAt(fs.fd, name);
    assert.deepEqual({ sec, nsec }, time);
  }
  assert.equal(findStatAt(fs.fd, Buffer.from('none')), undefined);
  assert.throws(() => statAt(fs.fd, Buffer.from('none')), errno('ENOENT'));
  assert.throws(() => openAt(fs.fd, Buffer.from('none'), 0), errno('ENOENT'));
  const value = Buffer.from([0, 255, 1]);
  setXattr(fs.fd, name, 'user.b', value);
  setXattr(fs.fd, name, 'user.a', Buffer.alloc(3000, 'x'));
  setXattr(fs.fd, name, 'user.empty', Buffer.alloc(0));
  assert.deepEqual(
    listXattrs(fs.fd, name).filter((one) => one.startsWith('user.')),
    ['user.a', 'user.b', 'user.empty'],
  );
  assert.deepEqual(getXattr(fs.fd, name, 'user.b'), value);
  assert.equal(getXattr(fs.fd, name, 'user.empty')?.length, 0);
  assert.equal(getXattr(fs.fd, name, 'user.none'), undefined);
});

test('no fd is left open, whatever went wrong', () => {
  const count = (): number => readdirSync('/proc/self/fd').length;
  const attempts = ['/', '/a/b', '/loop', '/loop/x', '/nope/x/y', '/secret/x', '/dir/b', '/up', '/magic/etc'];
  const once = (): void => {
    using fs = RootedFs.open(root);
    for (const path of attempts)
      for (const work of [
        () => fs.locate(Buffer.from(path), { followLast: true })[Symbol.dispose](),
        () => closeFd(fs.ensureDir(Buffer.from(path))),
        () => closeFd(fs.openPath(Buffer.from(path))),
        () => closeFd(fs.openRegular(Buffer.from(path))?.fd ?? -1),
      ])
        try {
          work();
        } catch (error) {
          assert.ok(error instanceof HostError);
        }
  };
  once();
  const before = count();
  for (let round = 0; round < 50; round++) once();
  assert.equal(count(), before);
});

test('paths are taken apart and joined as bytes', () => {
  assert.deepEqual(splitPath(Buffer.from('//a///b/')).map(String), ['a', 'b']);
  assert.deepEqual(splitPath(Buffer.from('')), []);
  assert.equal(joinPath([Buffer.from('a'), Buffer.from('b')]).toString(), 'a/b');
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { writeInitLayer } from './init-layer.ts';
import { MountStubs } from './mounts/stubs.ts';
import { ensureMountTargets } from './mounts/targets.ts';
import { userOf } from './rootfs-user.ts';
import { resolveWorkingDir } from './working-dir.ts';

/** A root file system, and beside it a sentinel that nothing may touch. */
let dir: string;
let root: string;
let sentinel: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-below-'));
  root = join(dir, 'root');
  sentinel = join(dir, 'sentinel');
  mkdirSync(root);
  mkdirSync(sentinel);
  writeFileSync(join(sentinel, 'kept'), 'as it was');
});

afterEach(() => {
  assert.deepEqual(readdirSync(sentinel), ['kept']);
  assert.equal(readFileSync(join(sentinel, 'kept'), 'utf8'), 'as it was');
  rmSync(dir, { recursive: true, force: true });
});

test('the init layer replaces links of every kind by real folders and files', () => {
  const links = [sentinel, '../sentinel', '/nowhere', 'loop'];
  for (const link of links) {
    rmSync(root, { recursive: true, force: true });
    mkdirSync(root);
    for (const name of ['dev', 'proc', 'sys', 'etc', '.dockerenv'])
      symlinkSync(link === 'loop' ? name : link, join(root, name));
    writeInitLayer(root);
    for (const name of ['dev/pts', 'dev/shm', 'proc', 'sys', 'etc']) {
      assert.equal(lstatSync(join(root, name)).isDirectory(), true, `${name} for ${link}`);
    }
    for (const name of ['etc/hosts', 'etc/resolv.conf', 'etc/hostname', '.dockerenv', 'dev/console']) {
      assert.equal(lstatSync(join(root, name)).isFile(), true, `${name} for ${link}`);
    }
    assert.equal(readlinkSync(join(root, 'etc/mtab')), '/proc/mounts');
  }
});

test('the init layer: links at the files themselves, and what is fine stays', () => {
  mkdirSync(join(root, 'etc'));
  symlinkSync(join(sentinel, 'kept'), join(root, 'etc/hosts'));
  symlinkSync('../../sentinel/kept', join(root, 'etc/resolv.conf'));
  writeFileSync(join(root, 'etc/passwd'), 'x');
  writeInitLayer(root);
  assert.equal(lstatSync(join(root, 'etc/hosts')).isFile(), true);
  assert.equal(lstatSync(join(root, 'etc/resolv.conf')).size, 0);
  assert.equal(readFileSync(join(root, 'etc/passwd'), 'utf8'), 'x');
});

test('mount targets are made beneath the root, through its own links only', () => {
  symlinkSync('/inside', join(root, 'absolute'));
  symlinkSync('../../sentinel', join(root, 'out'));
  ensureMountTargets(root, [
    { destination: '/absolute/a', isFile: false },
    { destination: '/out/b', isFile: false },
    { destination: '/deep/er/file', isFile: true },
  ]);
  assert.equal(statSync(join(root, 'inside/a')).isDirectory(), true);
  assert.equal(statSync(join(root, 'sentinel/b')).isDirectory(), true);
  assert.equal(statSync(join(root, 'deep/er/file')).isFile(), true);
});

test('working directories: links resolved inside, made when missing', () => {
  mkdirSync(join(root, 'app/real'), { recursive: true });
  symlinkSync('/app/real', join(root, 'link'));
  symlinkSync('../../../../app', join(root, 'up'));
  const cases: [string, string][] = [
    ['/', '/'],
    ['/app/real/', '/app/real'],
    ['/link', '/app/real'],
    ['/up/real', '/app/real'],
    ['/new/one', '/new/one'],
    ['/app/../app/./real', '/app/real'],
    ['/../../app', '/app'],
  ];
  for (const [asked, expected] of cases) assert.equal(resolveWorkingDir(asked, root, []), expected);
  assert.equal(statSync(join(root, 'new/one')).isDirectory(), true);
  writeFileSync(join(root, 'file'), '');
  assert.throws(() => resolveWorkingDir('/file', root, []), { message: 'Cannot mkdir: /file is not a directory' });
});

test('working directories never name an open file of the starting process', () => {
  const volume = join(dir, 'volume');
  mkdirSync(volume);
  symlinkSync('/proc/self/fd/7', join(volume, 'x'));
  symlinkSync('/proc/self/fd', join(root, 'fds'));
  symlinkSync('/proc', join(root, 'p'));
  symlinkSync('loop', join(root, 'loop'));
  const mounts = [
    { destination: '/proc', hostPath: undefined },
    { destination: '/dev', hostPath: undefined },
    { destination: '/vol', hostPath: volume },
  ];
  const bad = [
    '/proc/self/fd/7',
    '/proc/1/cwd',
    '/proc/thread-self/cwd',
    '/dev/fd/7',
    '/fds/8',
    '/p/self/cwd',
    '/vol/x',
    '/loop',
  ];
  for (let fd = 3; fd <= 40; fd++) bad.push(`/proc/self/fd/${fd}`, `/a/../proc/./self/fd/${fd}`);
  for (const path of bad) assert.throws(() => resolveWorkingDir(path, root, mounts), { code: 'bad-working-dir' }, path);
  assert.equal(resolveWorkingDir('/vol/made', root, mounts), '/vol/made');
  assert.equal(existsSync(join(volume, 'made')), true);
  rmSync(volume, { recursive: true });
});

test("user files: anything but a small regular file is nobody's entry", () => {
  mkdirSync(join(root, 'etc'));
  const passwd = join(root, 'etc/passwd');
  const root0 = (): unknown => userOf(root, '', []);
  writeFileSync(passwd, 'a:x:7:8::/h:\n');
  assert.deepEqual(userOf(root, 'a', []), { uid: 7, gid: 8, additionalGids: [8], home: '/h' });
  const nobody = { uid: 0, gid: 0, additionalGids: [0], home: '/' };
  for (const put of [
    () => execFileSync('mkfifo', [passwd]),
    () => mkdirSync(passwd),
    () => symlinkSync('/dev/zero', passwd),
    () => symlinkSync(join(sentinel, 'kept'), passwd),
    () => symlinkSync('passwd', passwd),
  ]) {
    rmSync(passwd, { recursive: true });
    put();
    const before = performance.now();
    assert.deepEqual(root0(), nobody);
    assert.ok(performance.now() - before < 500);
  }
  rmSync(passwd, { recursive: true });
  writeFileSync(passwd, '');
  truncateSync(passwd, 11 * 2 ** 20);
  assert.throws(root0, { code: 'user-file-too-large' });
});

test("mount stubs of a build step are gone after it, with the folder's time as it was", () => {
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(root, 'proc'));
  utimesSync(join(root, 'etc'), 1000, 1000);
  utimesSync(root, 2000, 2000);
  const stubs = new MountStubs(root);
  stubs.ensure(
    ['/proc', '/sys', '/dev'].map((destination) => ({ destination, isFile: false })),
    { noLinks: true },
  );
  stubs.ensure([
    { destination: '/etc/hosts', isFile: true },
    { destination: '/run/x/y.crt', isFile: true },
    { destination: '/cache/deep', isFile: false },
  ]);
  assert.equal(existsSync(join(root, 'run/x/y.crt')), true);
  writeFileSync(join(root, 'cache/own'), 'of the step');
  stubs.remove();
  assert.deepEqual(readdirSync(root).sort(), ['cache', 'etc', 'proc']);
  assert.deepEqual(readdirSync(join(root, 'cache')), ['own']);
  assert.equal(statSync(join(root, 'etc')).mtimeMs, 1_000_000);
});

test('mount stubs refuse a root whose /proc, /sys or /dev is a link', () => {
  symlinkSync(sentinel, join(root, 'dev'));
  const stubs = new MountStubs(root);
  assert.throws(() => stubs.ensure([{ destination: '/dev', isFile: false }], { noLinks: true }), { code: 'bad-root' });
  stubs.remove();
});

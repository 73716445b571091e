import assert from 'node:assert/strict';
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
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { guardMountPoints } from './mount-stubs.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'stubs-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('what the runtime made goes, and the folder looks as before', () => {
  mkdirSync(join(root, 'etc'));
  utimesSync(join(root, 'etc'), 1000, 1000);
  const stubs = guardMountPoints(root);
  writeFileSync(join(root, 'etc/hosts'), '');
  writeFileSync(join(root, 'etc/resolv.conf'), '');
  mkdirSync(join(root, 'proc'));
  mkdirSync(join(root, 'sys'));
  stubs.restore();
  for (const path of ['etc/hosts', 'etc/resolv.conf', 'proc', 'sys'])
    assert.equal(existsSync(join(root, path)), false, path);
  assert.equal(statSync(join(root, 'etc')).mtimeMs, 1_000_000);
});

test('folders that had to be made for a stub go too', () => {
  const stubs = guardMountPoints(root, ['/run/berth/ca.crt']);
  mkdirSync(join(root, 'run/berth'), { recursive: true });
  writeFileSync(join(root, 'run/berth/ca.crt'), '');
  stubs.restore();
  assert.equal(existsSync(join(root, 'run')), false);
});

test('what the step itself wrote stays, and so does what was there', () => {
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/hostname'), '');
  utimesSync(join(root, 'etc'), 1000, 1000);
  const stubs = guardMountPoints(root);
  writeFileSync(join(root, 'etc/hosts'), '');
  writeFileSync(join(root, 'etc/app.conf'), 'x');
  writeFileSync(join(root, 'etc/marker'), '');
  mkdirSync(join(root, 'dev'));
  writeFileSync(join(root, 'dev/kept'), 'x');
  stubs.restore();
  assert.equal(existsSync(join(root, 'etc/hosts')), false);
  assert.equal(existsSync(join(root, 'etc/hostname')), true);
  assert.equal(readFileSync(join(root, 'etc/app.conf'), 'utf8'), 'x');
  assert.equal(existsSync(join(root, 'etc/marker')), true);
  assert.equal(readFileSync(join(root, 'dev/kept'), 'utf8'), 'x');
  assert.ok(statSync(join(root, 'etc')).mtimeMs > 1_000_000);
});

test('links at mount points are out of the way of the step, and back afterwards', () => {
  mkdirSync(join(root, 'etc'));
  symlinkSync('../run/resolv.conf', join(root, 'etc/resolv.conf'));
  symlinkSync('/outside', join(root, 'proc'));
  utimesSync(join(root, 'etc'), 1000, 1000);
  const stubs = guardMountPoints(root);
  assert.equal(existsSync(join(root, 'etc/resolv.conf')), false);
  assert.equal(lstatSync(join(root, 'proc'), { throwIfNoEntry: false }), undefined);
  writeFileSync(join(root, 'etc/resolv.conf'), '');
  mkdirSync(join(root, 'proc'));
  stubs.restore();
  assert.equal(readlinkSync(join(root, 'etc/resolv.conf')), '../run/resolv.conf');
  assert.equal(readlinkSync(join(root, 'proc')), '/outside');
  assert.equal(statSync(join(root, 'etc')).mtimeMs, 1_000_000);
});

test('what containers get besides mounts goes too', () => {
  const stubs = guardMountPoints(root);
  mkdirSync(join(root, 'etc'));
  symlinkSync('/proc/mounts', join(root, 'etc/mtab'));
  writeFileSync(join(root, '.dockerenv'), '');
  mkdirSync(join(root, 'dev/pts'), { recursive: true });
  writeFileSync(join(root, 'dev/console'), '');
  stubs.restore();
  assert.deepEqual(readdirSync(root), []);
});

test('a link that the step put in the way leads nowhere', () => {
  const outside = mkdtempSync(join(tmpdir(), 'outside-'));
  writeFileSync(join(outside, 'hosts'), '');
  const stubs = guardMountPoints(root);
  symlinkSync(outside, join(root, 'etc'));
  symlinkSync(outside, join(root, 'proc'));
  stubs.restore();
  assert.equal(existsSync(join(outside, 'hosts')), true);
  assert.ok(lstatSync(join(root, 'etc')).isSymbolicLink());
  rmSync(outside, { recursive: true });
});

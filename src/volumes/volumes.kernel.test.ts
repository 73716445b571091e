import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { mount, mountsBelow, unmount } from '../host/index.ts';
import { createFixture } from './fixture.ts';

const skip = process.getuid?.() === 0 ? false : 'needs root for mount(2)';

test('tmpfs and bind volumes on the real kernel', { skip }, async (t) => {
  const { open, dir } = createFixture(t, { mount, unmount, mountsBelow });
  const volumes = await open();
  await volumes.create({ Name: 'memory', DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=0711' } });
  const memory = await volumes.mountpoint('memory', 'c1');
  assert.deepEqual(mountsBelow(dir), [memory]);
  writeFileSync(path.join(memory, 'x'), 'gone');
  assert.throws(() => writeFileSync(path.join(memory, 'big'), Buffer.alloc(2 << 20)), { code: 'ENOSPC' });
  await volumes.unmount('memory', 'c1');
  assert.equal(existsSync(path.join(memory, 'x')), false);

  const device = path.join(dir, '..', 'device');
  mkdirSync(device);
  writeFileSync(path.join(device, 'precious'), 'kept');
  await volumes.create({ Name: 'bound', DriverOpts: { type: 'none', device, o: 'bind,ro' } });
  const bound = await volumes.mountpoint('bound', 'c1');
  assert.equal(readFileSync(path.join(bound, 'precious'), 'utf8'), 'kept');
  assert.throws(() => writeFileSync(path.join(bound, 'y'), ''), { code: 'EROFS' });
  // The daemon died without unmounting; removal must not reach through the mount.
  await (await open()).remove('bound', false);
  assert.equal(readFileSync(path.join(device, 'precious'), 'utf8'), 'kept');
  assert.deepEqual(mountsBelow(dir), []);
});

test('a device that is not there', { skip }, async (t) => {
  const { open, dir } = createFixture(t, { mount, unmount, mountsBelow });
  const volumes = await open();
  await volumes.create({ Name: 'hv3', DriverOpts: { type: 'none', o: 'bind', device: '/nonexist' } });
  await assert.rejects(volumes.mountpoint('hv3', 'c1'), {
    message:
      `error while mounting volume '${dir}/hv3/_data': failed to mount local volume: ` +
      `mount /nonexist:${dir}/hv3/_data, flags: 0x1000: no such file or directory`,
  });
});

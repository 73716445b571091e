import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type TestContext, test } from 'node:test';
import { mount, mountsBelow, unmount } from '../host/index.ts';
import { createLayers, createSnapshots } from '../store/index.ts';
import { createFixture } from './fixture.ts';

/** Tree copies beneath a root; the snapshots are not asked for. */
async function realLayers(t: TestContext): Promise<ReturnType<typeof createLayers>> {
  const dir = mkdtempSync(path.join(tmpdir(), 'berth-volumes-store-'));
  t.after(() => {
    for (const target of mountsBelow(dir).reverse()) unmount(target);
    rmSync(dir, { recursive: true, force: true });
  });
  return createLayers({ snapshots: await createSnapshots({ dir: path.join(dir, 'snapshots') }) });
}

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

test('copy-up with the real layers, into the mounted device', { skip }, async (t) => {
  const { open, dir } = createFixture(t, { mount, unmount, mountsBelow }, await realLayers(t));
  const volumes = await open();
  const image = path.join(dir, '..', 'image');
  mkdirSync(`${image}/srv/www/sub`, { recursive: true });
  writeFileSync(`${image}/srv/www/sub/f`, 'from the image');
  chownSync(`${image}/srv/www`, 33, 44);
  chmodSync(`${image}/srv/www`, 0o2750);
  symlinkSync('/srv/www', `${image}/www`);
  symlinkSync('/etc', `${image}/out`);
  for (const [name, options] of [
    ['plain', undefined],
    ['memory', { type: 'tmpfs', device: 'tmpfs' }],
  ] as const) {
    await volumes.create({ Name: name, ...(options === undefined ? {} : { DriverOpts: options }) });
    const target = await volumes.mountpoint(name, 'c1');
    await volumes.populate(name, image, '/out');
    assert.deepEqual(readdirSync(target), [], 'a link is resolved inside the image');
    await volumes.populate(name, image, '/www');
    assert.equal(readFileSync(`${target}/sub/f`, 'utf8'), 'from the image');
    const { uid, gid, mode } = statSync(target);
    assert.deepEqual([uid, gid, mode & 0o7777], [33, 44, 0o2750]);
    await volumes.unmount(name, 'c1');
  }
  const device = path.join(dir, '..', 'device');
  mkdirSync(device);
  await volumes.create({ Name: 'bound', DriverOpts: { type: 'none', device, o: 'bind' } });
  await volumes.populate('bound', image, '/srv/www');
  assert.equal(readFileSync(`${device}/sub/f`, 'utf8'), 'from the image');
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

// Needs root and an overlay-capable /tmp. Checks L-14 of security.md.
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isEngineError } from '../../errors/index.ts';
import { mountInfo, mountOverlayByFds, unmount } from '../../host/index.ts';
import type { SnapshotKey, Snapshots } from './contract.ts';
import { parseSnapshotKey } from './key.ts';
import { snapshotSuite } from './snapshots.suite.ts';
import { createSnapshots } from './snapshots.ts';

snapshotSuite('overlay');
snapshotSuite('copy');

describe('overlay', () => {
  let folder: string;
  let target: string;
  let snapshots: Snapshots;
  before(async () => {
    folder = mkdtempSync('/tmp/berth-overlay-');
    target = join(folder, 'mnt');
    mkdirSync(target);
    snapshots = await createSnapshots({ dir: join(folder, 'snapshots') });
  });
  after(async () => {
    await snapshots[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const longName = (at: number): SnapshotKey => parseSnapshotKey(`sha256:${String(at).padStart(64, '0')}`);

  test('L-14 128 layers with long names and an init layer work, one more is refused', async () => {
    assert.equal(snapshots.form, 'overlay');
    let parent: SnapshotKey | undefined;
    for (let at = 1; at <= 129; at++) {
      const active = parseSnapshotKey(`a-${at}`);
      await snapshots.prepare(active, parent);
      writeFileSync(join(await snapshots.changesDir(active), `f${at}`), '');
      await snapshots.commit(longName(at), active);
      parent = longName(at);
      if (![1, 127, 128, 129].includes(at)) continue;
      const over = parseSnapshotKey(`over-${at}`);
      const mount = await snapshots.prepare(over, parent);
      mount.mount(target);
      assert.equal(readdirSync(target).length, at);
      mount.unmount(target);
      await snapshots.remove(over);
    }
    const active = parseSnapshotKey('a-130');
    await snapshots.prepare(active, parent);
    await assert.rejects(
      snapshots.commit(longName(130), active),
      (error: unknown) => isEngineError(error, 'invalid-parameter') && /too many layers/.test(error.message),
    );
    await snapshots.remove(active);

    // The way for kernels without lowerdir+ takes as many.
    const lower = await snapshots.chainDirs(longName(129));
    mountOverlayByFds({ lower, options: ['redirect_dir=nofollow', 'metacopy=off', 'index=off'] }, target);
    assert.equal(readdirSync(target).length, 129);
    unmount(target);
  });

  test('L-11 mounts do not follow redirects', async () => {
    const active = parseSnapshotKey('options');
    const mount = await snapshots.prepare(active, longName(1));
    mount.mount(target);
    try {
      const options = mountInfo().find((info) => info.target === target)?.superOptions ?? [];
      assert.ok(options.includes('redirect_dir=nofollow'), options.join());
      assert.ok(!options.includes('metacopy=on') && !options.includes('index=on'));
    } finally {
      mount.unmount(target);
      await snapshots.remove(active);
    }
  });

  test('mounts that a crash left below the folder are detached at the next start', async () => {
    const dir = join(folder, 'left');
    await createSnapshots({ dir });
    const inside = join(dir, 'mount-abc');
    mkdirSync(inside);
    mountOverlayByFds({ lower: await snapshots.chainDirs(longName(2)), options: [] }, inside);
    await createSnapshots({ dir });
    assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(inside));
  });

  test('a snapshot is made, mounted, unmounted and removed in 3 ms', async () => {
    const rounds: number[] = [];
    for (let at = 0; at < 60; at++) {
      const started = performance.now();
      const key = parseSnapshotKey(`speed-${at}`);
      const mount = await snapshots.prepare(key, longName(5));
      mount.mount(target);
      mount.unmount(target);
      await snapshots.remove(key);
      rounds.push(performance.now() - started);
    }
    // What it takes when nothing else uses the machine.
    const quiet = rounds.sort((a, b) => a - b)[6] ?? 0;
    assert.ok(quiet < 3, `${quiet} ms`);
  });
});

// What every way to make snapshots must do; run with a real kernel by snapshots.kernel.test.ts.
import assert from 'node:assert/strict';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { after, before, describe, test } from 'node:test';
import { isEngineError } from '../../errors/index.ts';
import { RootedFs } from '../../host/index.ts';
import type { Layers } from '../layers/contract.ts';
import { createLayers } from '../layers/layers.ts';
import type { SnapshotKey, SnapshotMount, Snapshots } from './contract.ts';
import { parseSnapshotKey } from './key.ts';
import { createSnapshots } from './snapshots.ts';

const key = parseSnapshotKey;

export function snapshotSuite(form: 'overlay' | 'copy'): void {
  describe(`snapshots by ${form}`, () => {
    let folder: string;
    let snapshots: Snapshots;
    let layers: Layers;
    let count = 0;
    const open = (bootId = 'this-boot'): Promise<Snapshots> =>
      createSnapshots({ dir: join(folder, 'snapshots'), form, bootId });
    const fresh = (): SnapshotKey => key(`s-${++count}`);

    before(async () => {
      folder = mkdtempSync('/tmp/berth-snapshots-');
      snapshots = await open();
      layers = createLayers({ snapshots });
    });
    after(async () => {
      await snapshots[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });

    async function mounted<T>(mount: SnapshotMount, look: (root: string) => T | Promise<T>): Promise<T> {
      const target = mkdtempSync(join(folder, 'mnt-'));
      mount.mount(target);
      try {
        return await look(target);
      } finally {
        mount.unmount(target);
        rmSync(target, { recursive: true });
      }
    }

    async function layer(parent: SnapshotKey | undefined, write: (root: string) => void): Promise<SnapshotKey> {
      const active = fresh();
      const name = fresh();
      await mounted(await snapshots.prepare(active, parent), write);
      await snapshots.commit(name, active);
      return name;
    }
    const put = (name: string, content: string) => (root: string) => writeFileSync(join(root, name), content);
    const refuses = (kind: 'conflict' | 'not-found' | 'invalid-parameter') => (error: unknown) =>
      isEngineError(error, kind);

    test('a snapshot over layers shows them all, the upper ones first, and keeps its changes to itself', async () => {
      const one = await layer(undefined, (root) => {
        put('a', 'a1')(root);
        put('b', 'b1')(root);
        mkdirSync(join(root, 'd'));
      });
      const two = await layer(one, put('b', 'b2'));
      const three = await layer(two, (root) => rmSync(join(root, 'a')));
      const active = fresh();
      await mounted(await snapshots.prepare(active, three), (root) => {
        assert.deepEqual(readdirSync(root), ['b', 'd']);
        assert.equal(readFileSync(join(root, 'b'), 'utf8'), 'b2');
        put('d/mine', 'x')(root);
        put('b', 'b3')(root);
      });
      await mounted(await snapshots.view(fresh(), two), (root) => {
        assert.equal(readFileSync(join(root, 'b'), 'utf8'), 'b2');
        assert.deepEqual(readdirSync(join(root, 'd')), []);
      });
      await mounted(await snapshots.mounts(active), (root) =>
        assert.equal(readFileSync(join(root, 'd/mine'), 'utf8'), 'x'),
      );
      await snapshots.remove(active);
    });

    test('a view cannot be written to', async () => {
      const one = await layer(undefined, put('f', 'f'));
      const two = await layer(one, put('g', 'g'));
      for (const parent of [one, two])
        await mounted(await snapshots.view(fresh(), parent), (root) =>
          assert.throws(() => writeFileSync(join(root, 'f'), 'x'), /EROFS/),
        );
    });

    test('folders can be renamed and turned into links over layers', async () => {
      const one = await layer(undefined, (root) => {
        mkdirSync(join(root, 'd/e'), { recursive: true });
        put('d/e/f', 'f')(root);
        mkdirSync(join(root, 'x'));
      });
      const two = await layer(one, (root) => {
        rmSync(join(root, 'x'), { recursive: true });
        symlinkSync('d', join(root, 'x'));
        // Overlay answers EXDEV for folders of lower layers, and mv copies.
        try {
          renameSync(join(root, 'd/e'), join(root, 'd/moved'));
        } catch (error) {
          assert.match(String(error), /EXDEV/);
        }
      });
      await mounted(await snapshots.view(fresh(), two), (root) =>
        assert.ok(lstatSync(join(root, 'x')).isSymbolicLink()),
      );
    });

    test('names that are taken, missing or malformed', async () => {
      const one = await layer(undefined, put('f', 'f'));
      const active = fresh();
      await snapshots.prepare(active, one);
      await assert.rejects(snapshots.prepare(active), refuses('conflict'));
      await assert.rejects(snapshots.prepare(fresh(), key('absent')), refuses('not-found'));
      await assert.rejects(snapshots.prepare(fresh(), active), refuses('not-found'));
      await assert.rejects(snapshots.mounts(key('absent')), refuses('not-found'));
      for (const bad of ['', '..', 'a/b', 'A', 'x'.repeat(141), 'a\n'])
        await assert.rejects(snapshots.prepare(bad as SnapshotKey), refuses('invalid-parameter'), bad);
      assert.equal(await snapshots.find(key('absent')), undefined);
      await snapshots.remove(active);
      await snapshots.remove(active);
    });

    test('a parent stays while something is above it', async () => {
      const one = await layer(undefined, put('f', 'f'));
      const active = fresh();
      await snapshots.prepare(active, one);
      await assert.rejects(snapshots.remove(one), refuses('conflict'));
      await snapshots.remove(active);
      await snapshots.remove(one);
      assert.equal(await snapshots.find(one), undefined);
    });

    test('committing under a name that is there drops the second', async () => {
      const name = fresh();
      for (const content of ['first', 'second']) {
        const active = fresh();
        await mounted(await snapshots.prepare(active), put('f', content));
        await snapshots.commit(name, active);
        assert.equal(await snapshots.find(active), undefined);
      }
      await mounted(await snapshots.view(fresh(), name), (root) =>
        assert.equal(readFileSync(join(root, 'f'), 'utf8'), 'first'),
      );
      await assert.rejects(snapshots.commit(fresh(), name), refuses('conflict'));
    });

    test('unmount twice, mount again, volatile or not', async () => {
      const one = await layer(undefined, put('f', 'f'));
      for (const isVolatile of [false, true]) {
        const active = fresh();
        const mount = await snapshots.prepare(active, one, { isVolatile });
        const target = mkdtempSync(join(folder, 'mnt-'));
        for (let round = 0; round < 3; round++) {
          mount.mount(target);
          writeFileSync(join(target, `r${round}`), '');
          mount.unmount(target);
          mount.unmount(target);
        }
        mount.mount(target);
        assert.equal(readdirSync(target).length, 4);
        mount.unmount(target);
        rmSync(target, { recursive: true });
        await snapshots.remove(active);
      }
    });

    test('open gives the same tree without a mount, and the mounted one when there is one', async () => {
      const one = await layer(undefined, put('f', 'f'));
      const active = fresh();
      const mount = await snapshots.prepare(active, one);
      const names = (): string[] => {
        using root = RootedFs.adopt(mount.open());
        return readdirSync(`/proc/self/fd/${root.fd}`);
      };
      assert.deepEqual(names(), ['f']);
      await mounted(mount, (root) => {
        put('g', 'g')(root);
        assert.deepEqual(names(), ['f', 'g']);
      });
      assert.deepEqual(names(), ['f', 'g']);
      assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(folder), 'nothing stays mounted');
      await snapshots.remove(active);
    });

    test('usage counts what is its own', async () => {
      const one = await layer(undefined, put('f', 'x'.repeat(1000)));
      assert.equal((await snapshots.usage(one)).sizeBytes, 1000);
      const active = fresh();
      await mounted(await snapshots.prepare(active, one), put('g', 'y'.repeat(50)));
      const { sizeBytes } = await snapshots.usage(active);
      assert.equal(sizeBytes, form === 'overlay' ? 50 : 1050);
      await snapshots.remove(active);
    });

    test('a layer tar of the changes, applied elsewhere, gives the same tree', async () => {
      const one = await layer(undefined, (root) => {
        mkdirSync(join(root, 'd'));
        for (const name of ['d/keep', 'd/gone', 'changed']) put(name, 'old')(root);
        utimesSync(join(root, 'd/keep'), 5, 5);
      });
      const active = fresh();
      await mounted(await snapshots.prepare(active, one), (root) => {
        rmSync(join(root, 'd/gone'));
        put('changed', 'newer')(root);
        mkdirSync(join(root, 'n'));
        put('n/f', 'f')(root);
      });
      assert.deepEqual(await layers.changes(active), [
        { path: '/changed', kind: 0 },
        { path: '/d', kind: 0 },
        { path: '/d/gone', kind: 2 },
        { path: '/n', kind: 1 },
        { path: '/n/f', kind: 1 },
      ]);
      const { diffId, isEmpty } = await layers.diff(active);
      assert.equal(isEmpty, false);
      const tar = Buffer.concat(await Array.fromAsync((await layers.openDiff(active)) as AsyncIterable<Buffer>));
      const again = fresh();
      await snapshots.prepare(again, one);
      assert.equal((await layers.apply(again, Readable.from([tar], { objectMode: false }))).diffId, diffId);
      assert.equal((await layers.diff(again)).diffId, diffId);
      await mounted(await snapshots.mounts(again), (root) => {
        assert.deepEqual(readdirSync(root, { recursive: true }).sort(), ['changed', 'd', 'd/keep', 'n', 'n/f']);
      });
      const idle = fresh();
      await snapshots.prepare(idle, one);
      assert.equal((await layers.diff(idle)).isEmpty, true);
      for (const left of [active, again, idle]) await snapshots.remove(left);
    });

    test('everything is there again after a restart, and what a crash left half made is not', async () => {
      const one = await layer(undefined, put('f', 'f'));
      const active = fresh();
      await mounted(await snapshots.prepare(active, one), put('mine', 'm'));
      await snapshots.view(key('a-view'), one);
      const dir = join(folder, 'snapshots');
      mkdirSync(join(dir, 'active/half/fs'), { recursive: true });
      mkdirSync(join(dir, 'committed/orphan/fs'), { recursive: true });
      symlinkSync('durable/never-there', join(dir, 'committed/orphan/parent'));
      mkdirSync(join(dir, 'trash/old/deep'), { recursive: true });
      const list = (await snapshots.list()).map((info) => JSON.stringify(info)).sort();
      const again = await open();
      assert.deepEqual((await again.list()).map((info) => JSON.stringify(info)).sort(), list);
      await mounted(await again.mounts(active), (root) => assert.deepEqual(readdirSync(root), ['f', 'mine']));
      await again[Symbol.asyncDispose]();
      for (const left of ['active/half', 'committed/orphan', 'trash/old'])
        assert.ok(!existsSync(join(dir, left)), left);
      await assert.rejects(again.remove(one), refuses('conflict'));
    });

    test('a commit that was not synced is gone after a power cut; a synced one stays', async () => {
      const dir = join(folder, 'boots');
      const start = (bootId: string) => createSnapshots({ dir, form, bootId, syncAfterMs: 1e6 });
      const commit = async (on: Snapshots, name: string, parent?: SnapshotKey): Promise<void> => {
        await on.prepare(key(`active-${name}`), parent);
        await on.commit(key(name), key(`active-${name}`));
      };
      const first = await start('boot-1');
      await commit(first, 'safe');
      await first.sync();
      await commit(first, 'torn', key('safe'));
      await commit(first, 'above-torn', key('torn'));
      assert.equal((await (await start('boot-1')).list()).length, 3, 'a restart of the daemon alone loses nothing');
      const second = await start('boot-2');
      assert.deepEqual(await second.list(), [{ key: 'safe', kind: 'committed', parent: undefined }]);
      await second[Symbol.asyncDispose]();
    });

    test('removing leaves nothing on disk, whatever a container has made', async () => {
      const active = fresh();
      await mounted(await snapshots.prepare(active, await layer(undefined, put('f', 'f'))), (root) => {
        put('\x1b[31m\n', 'x')(root);
        mkdirSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff, 0xfe])]));
        // Deeper than any path may be long.
        const cwd = process.cwd();
        process.chdir(root);
        for (let depth = 0; depth < 60; depth++) {
          mkdirSync('d'.repeat(200));
          process.chdir('d'.repeat(200));
        }
        process.chdir(cwd);
      });
      await snapshots.remove(active);
      assert.ok(!existsSync(join(folder, 'snapshots/active', active)));
      await snapshots[Symbol.asyncDispose]();
      assert.deepEqual(readdirSync(join(folder, 'snapshots/trash')), []);
    });
  });
}

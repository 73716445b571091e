import { mkdirSync, mkdtempSync, renameSync, rmdirSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, invalidParameter, notFound } from '../../errors/index.ts';
import { bootId, mountOverlay, mountsBelow, openFolder, syncFileSystem, unmount } from '../../host/index.ts';
import type { SnapshotInfo, SnapshotKey, SnapshotMount, Snapshots } from './contract.ts';
import { createCopyDriver } from './copy.ts';
import type { Driver } from './driver.ts';
import { parseSnapshotKey } from './key.ts';
import { type Entry, type Kind, Layout } from './layout.ts';
import { overlayDriver, removeWork } from './overlay.ts';
import { Trash } from './trash.ts';
import { treeUsage } from './usage.ts';

export interface SnapshotsNeeds {
  dir: string;
  /** Default: overlay where the folder's file system can carry one. */
  form?: 'overlay' | 'copy';
  /** How long a commit may stay unsynced when nobody asks (default 5 s). */
  syncAfterMs?: number;
  /** For tests: the boot this is. */
  bootId?: string;
}

/** The 128 that an image may have (Docker's: 127) and a container's init layer; the kernel takes 500. */
export const MAX_LAYERS = 129;

export async function createSnapshots(needs: SnapshotsNeeds): Promise<Snapshots> {
  const layout = new Layout(needs.dir);
  // A crash may have left the mounts of an unfinished probe or open.
  for (const target of mountsBelow(needs.dir).reverse()) if (target !== needs.dir) unmount(target);
  const driver = chooseDriver(needs.form, layout);
  const trash = new Trash(join(needs.dir, 'trash'));
  const { entries, leftovers } = layout.read();
  for (const path of leftovers) trash.take(path);
  const before = layout.exchangeBoot(needs.bootId ?? bootId());
  if (before !== undefined && before !== (needs.bootId ?? bootId())) dropUnsynced();

  /** What was committed but not synced before the machine went down may hold empty files. */
  function dropUnsynced(): void {
    for (let again = true; again; ) {
      again = false;
      for (const entry of [...entries.values()])
        if (entry.kind === 'committed' && !entry.isSynced && entry.children === 0) {
          forget(entry);
          trash.take(layout.own(entry));
          again = true;
        }
    }
  }

  function forget(entry: Entry): void {
    entries.delete(entry.key);
    if (entry.parent !== undefined) entry.parent.children--;
  }

  function get(key: SnapshotKey): Entry {
    const entry = entries.get(key);
    if (entry === undefined) throw notFound('no-such-snapshot', `snapshot ${key} does not exist`, { detail: { key } });
    return entry;
  }

  async function make(
    kind: Kind,
    key: SnapshotKey,
    parentKey?: SnapshotKey,
    isVolatile = false,
  ): Promise<SnapshotMount> {
    parseSnapshotKey(key);
    if (entries.has(key)) throw conflict('snapshot-exists', `snapshot ${key} already exists`, { detail: { key } });
    const parent = parentKey === undefined ? undefined : get(parentKey);
    if (parent !== undefined && parent.kind !== 'committed')
      throw notFound('no-such-snapshot', `snapshot ${parentKey} is not committed`, { detail: { key: parentKey } });
    const depth = parent?.depth ?? 0;
    const entry: Entry = { key, kind, parent, isVolatile, depth, children: 0, isSynced: false, mountedAt: undefined };
    entries.set(key, entry);
    if (parent !== undefined) parent.children++;
    try {
      mkdirSync(layout.own(entry), { mode: 0o700 });
      await driver.prepare(layout, entry);
      layout.writeParent(entry);
    } catch (error) {
      forget(entry);
      trash.take(layout.own(entry));
      throw error;
    }
    return mountOf(entry);
  }

  function mountOf(entry: Entry): SnapshotMount {
    const alive = (): Entry => {
      if (entries.get(entry.key) !== entry || entry.kind === 'committed')
        throw notFound('no-such-snapshot', `snapshot ${entry.key} does not exist`, { detail: { key: entry.key } });
      return entry;
    };
    return {
      mount(target) {
        driver.mount(layout, alive(), target);
        entry.mountedAt = target;
      },
      unmount(target) {
        driver.unmount(layout, entry, target);
        if (entry.mountedAt === target) entry.mountedAt = undefined;
      },
      open() {
        // Two overlays over one upper folder would not see each other's changes: the mount that is there is used.
        const { mountedAt } = alive();
        const isMounted = mountedAt !== undefined && mountsBelow(mountedAt).includes(mountedAt);
        return isMounted ? openFolder(mountedAt) : driver.open(layout, entry);
      },
    };
  }

  /** Removes at once what is nearly empty, as most containers leave it; the rest goes by rename. */
  function discard(entry: Entry): void {
    const own = layout.own(entry);
    try {
      if (entry.kind === 'active') {
        rmdirSync(layout.fs(entry));
        if (entry.parent !== undefined && driver.form === 'overlay') removeWork(layout.work(entry));
      }
      if (entry.kind !== 'committed') {
        unlinkSync(`${own}/parent`);
        rmdirSync(own);
        return;
      }
    } catch {
      // Not that empty.
    }
    trash.take(own);
  }

  let syncTimer: NodeJS.Timeout | undefined;
  async function sync(): Promise<void> {
    clearTimeout(syncTimer);
    syncTimer = undefined;
    const due = [...entries.values()].filter((entry) => entry.kind === 'committed' && !entry.isSynced);
    if (due.length === 0) return;
    await syncFileSystem(layout.dir);
    for (const entry of due) {
      if (entries.get(entry.key) !== entry) continue;
      layout.markSynced(entry);
      entry.isSynced = true;
    }
  }

  function syncSoon(): void {
    syncTimer ??= setTimeout(() => {
      // A failed sync leaves them unmarked: they are tried again with the next, and dropped after a power cut.
      sync().catch(() => {});
    }, needs.syncAfterMs ?? 5000).unref();
  }

  const usages = new WeakMap<Entry, { sizeBytes: number; inodes: number }>();

  const snapshots: Snapshots = {
    form: driver.form,
    prepare: (key, parent, options) => make('active', key, parent, options?.isVolatile ?? false),
    view: (key, parent) => make('view', key, parent),
    mounts: async (key) => mountOf(get(key)),

    async commit(name, key) {
      parseSnapshotKey(name);
      const entry = get(key);
      if (entry.kind !== 'active')
        throw conflict('snapshot-not-active', `snapshot ${key} is not active`, { detail: { key } });
      const there = entries.get(name);
      if (there !== undefined && there.kind === 'committed') return snapshots.remove(key);
      if (there !== undefined) throw conflict('snapshot-exists', `snapshot ${name} already exists`);
      if (entry.depth + 1 > MAX_LAYERS)
        throw invalidParameter('too-many-layers', `too many layers: at most ${MAX_LAYERS} are possible`, {
          detail: { name, layers: entry.depth + 1 },
        });
      const from = layout.own(entry);
      trash.take(layout.work(entry));
      renameSync(from, layout.own({ kind: 'committed', key: name }));
      entries.delete(key);
      entries.set(name, {
        ...entry,
        key: name,
        kind: 'committed',
        mountedAt: undefined,
        isVolatile: false,
        depth: entry.depth + 1,
      });
      syncSoon();
    },

    async remove(key) {
      const entry = entries.get(key);
      if (entry === undefined) return;
      if (entry.children > 0)
        throw conflict('snapshot-in-use', `snapshot ${key} has ${entry.children} snapshots above it`, {
          detail: { key },
        });
      forget(entry);
      discard(entry);
    },

    find: async (key) => {
      const entry = entries.get(key);
      return entry === undefined ? undefined : infoOf(entry);
    },
    list: async () => [...entries.values()].map(infoOf),

    async usage(key) {
      const entry = get(key);
      if (entry.kind === 'view') return { sizeBytes: 0, inodes: 0 };
      const known = usages.get(entry);
      if (known !== undefined) return known;
      const used = await treeUsage(layout.fs(entry));
      if (entry.kind === 'committed') usages.set(entry, used);
      return used;
    },

    sync,
    changesDir: async (key) => layout.fs(get(key)),
    chainDirs: async (key) => driver.chain(layout, get(key)),

    async [Symbol.asyncDispose]() {
      clearTimeout(syncTimer);
      await trash.settled();
    },
  };
  return snapshots;

  function infoOf(entry: Entry): SnapshotInfo {
    return { key: entry.key, kind: entry.kind, parent: entry.parent?.key };
  }
}

function chooseDriver(form: SnapshotsNeeds['form'], layout: Layout): Driver {
  if (form === 'copy') return createCopyDriver();
  return form === 'overlay' || canOverlay(layout.dir) ? overlayDriver : createCopyDriver();
}

/** Some file systems (an overlay itself, NFS, FAT) cannot be the upper side of an overlay: tried, not guessed. */
function canOverlay(dir: string): boolean {
  const probe = mkdtempSync(join(dir, 'probe-'));
  const at = (name: string): string => join(probe, name);
  try {
    for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(at(name));
    mountOverlay({ lower: [at('lower')], upper: at('upper'), work: at('work'), options: [] }, at('merged'));
    unmount(at('merged'));
    return true;
  } catch {
    return false;
  } finally {
    rmSync(probe, { recursive: true, force: true });
  }
}

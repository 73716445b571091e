import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { unwind } from '../lib/index.ts';
import type { SnapshotKey, SnapshotMount } from '../store/index.ts';
import type { BuildContext } from './context.ts';
import type { BuildRequest } from './contract.ts';
import type { BuilderNeeds } from './needs.ts';

/** Snapshots of a build that is under way start like this; `sweep` removes what a killed daemon left of them. */
export const SESSION_PREFIX = 'build-';

/** A root file system mounted for the duration of some work. */
export interface MountedRoot {
  root: string;
  key: SnapshotKey;
}

/** What one build holds: its folder, its mounts, its temporary snapshots. Disposing lets go of all of it. */
export interface BuildSession extends AsyncDisposable {
  readonly id: string;
  readonly dir: string;
  readonly request: BuildRequest;
  readonly signal: AbortSignal;
  /** Committed layers that this build relies on. */
  readonly held: Set<SnapshotKey>;
  context: BuildContext | undefined;
  sourceDateEpoch: number | undefined;
  /** Mounts a new writable snapshot over `parent`, runs `work` on it, unmounts it. The snapshot stays when `work` succeeds. */
  withRoot<T>(
    parent: SnapshotKey | undefined,
    work: (mounted: MountedRoot) => Promise<T>,
  ): Promise<T & { key: SnapshotKey }>;
  /** A read-only view of a committed snapshot, mounted once per build; `undefined` is an empty folder. */
  openTree(top: SnapshotKey | undefined): Promise<string>;
  /** A folder below `dir`; 0700 unless a step's user has to read it. */
  makeFolder(name: string, mode?: number): Promise<string>;
  dropSnapshot(key: SnapshotKey): Promise<void>;
}

type SessionNeeds = Pick<BuilderNeeds, 'snapshots' | 'tempDir' | 'newId'>;

export async function openSession(
  needs: SessionNeeds,
  request: BuildRequest,
  signal: AbortSignal,
): Promise<BuildSession> {
  const id = needs.newId().slice(0, 16);
  const dir = join(needs.tempDir, id);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const undos: (() => Promise<void>)[] = [];
  const live = new Set<SnapshotKey>();
  const trees = new Map<string, Promise<string>>();
  let count = 0;

  const makeFolder = async (name: string, mode = 0o700): Promise<string> => {
    const path = join(dir, name);
    await mkdir(path, { recursive: true, mode });
    return path;
  };
  const nextKey = (): SnapshotKey => {
    count += 1;
    return `${SESSION_PREFIX}${id}-${count}` as SnapshotKey;
  };
  const dropSnapshot = async (key: SnapshotKey): Promise<void> => {
    await needs.snapshots.remove(key);
    live.delete(key);
  };
  const mounted = async (key: SnapshotKey, mount: SnapshotMount): Promise<string> => {
    const root = await makeFolder(`mnt-${key.slice(key.lastIndexOf('-') + 1)}`);
    mount.mount(root);
    return root;
  };
  const openView = async (top: SnapshotKey | undefined): Promise<string> => {
    if (top === undefined) return makeFolder('empty');
    const key = nextKey();
    const mount = await needs.snapshots.view(key, top);
    undos.push(() => needs.snapshots.remove(key));
    const root = await mounted(key, mount);
    undos.push(async () => mount.unmount(root));
    return root;
  };

  return {
    id,
    dir,
    request,
    signal,
    held: new Set(),
    context: undefined,
    sourceDateEpoch: undefined,
    makeFolder,
    dropSnapshot,
    async withRoot(parent, work) {
      signal.throwIfAborted();
      const key = nextKey();
      const mount = await needs.snapshots.prepare(key, parent, { isVolatile: true });
      live.add(key);
      try {
        const root = await mounted(key, mount);
        try {
          return { ...(await work({ root, key })), key };
        } finally {
          mount.unmount(root);
        }
      } catch (error) {
        await dropSnapshot(key);
        throw error;
      }
    },
    openTree(top) {
      const known = trees.get(top ?? '');
      if (known !== undefined) return known;
      const opened = openView(top);
      trees.set(top ?? '', opened);
      return opened;
    },
    async [Symbol.asyncDispose]() {
      await Promise.allSettled(trees.values());
      const leftovers = [...live].map((key) => () => dropSnapshot(key));
      await unwind([...undos, ...leftovers]);
      // Nobody waits for the context to be gone; what a crash leaves of it is swept.
      rm(dir, { recursive: true, force: true }).catch(() => {});
    },
  };
}

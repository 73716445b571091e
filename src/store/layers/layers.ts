import { readSync } from 'node:fs';
import { Readable } from 'node:stream';
import { invalidParameter, notFound } from '../../errors/index.ts';
import {
  chmodAt,
  chownAt,
  closeFd,
  HostError,
  type Located,
  mkdirAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  RootedFs,
  readlinkAt,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
} from '../../host/index.ts';
import type { SnapshotKey, Snapshots } from '../snapshots/contract.ts';
import type { CopyRequest, Layers, RootedStat } from './contract.ts';
import { fromFailure, guarded, toFailure } from './failure.ts';
import { globBelow } from './glob.ts';
import {
  checkPatterns,
  type DiffSource,
  OutOfTime,
  type PlainCopyRules,
  runTask,
  type Task,
  type TaskResult,
} from './task.ts';
import { join } from './tree-writer.ts';
import { WorkerPool } from './worker-pool.ts';

/** Work that may be done on the event loop's own thread, in milliseconds: less than the way to another and back. */
const SLICE_MS = 4;
const DOT = Buffer.from('.');
const MAX_READ = 10 << 20;

export interface LayersNeeds {
  snapshots: Snapshots;
  /** Bytes that one archive may expand to, if so much is free (default 128 GiB). */
  maxExpandedBytes?: number;
}

const MAX_EXPANDED_BYTES = 128 * 2 ** 30;

export function createLayers({ snapshots, maxExpandedBytes = MAX_EXPANDED_BYTES }: LayersNeeds): Layers {
  const pool = new WorkerPool();

  /** Small work at once, large work in a thread. */
  async function run(task: Task): Promise<TaskResult> {
    try {
      return await runTask(task, {}, performance.now() + SLICE_MS);
    } catch (error) {
      if (error instanceof OutOfTime) return pool.run(task);
      throw fromFailure(toFailure(error));
    }
  }

  async function sourceOf(key: SnapshotKey): Promise<DiffSource> {
    return { form: snapshots.form, chain: await snapshots.chainDirs(key) };
  }

  /** Runs `work` with fds that are closed afterwards, in whatever way it ends. */
  async function withFds<T>(fds: readonly number[], work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      for (const fd of fds) closeFd(fd);
    }
  }

  /** A stream of what a reading task makes; `over` when the thread is done with it. */
  function streamOf(task: Extract<Task, { op: 'read' | 'read-diff' }>, over = (): void => {}): Readable {
    const abort = new AbortController();
    let wanted = Promise.withResolvers<void>();
    const stream = new Readable({
      highWaterMark: 1 << 20,
      read: () => wanted.resolve(),
      destroy(error, done) {
        abort.abort();
        wanted.resolve();
        done(error);
      },
    });
    const output = async (chunk: Buffer): Promise<void> => {
      if (stream.push(chunk)) return;
      wanted = Promise.withResolvers();
      await wanted.promise;
    };
    pool
      .run(task, { output }, abort.signal)
      .then(
        () => stream.push(null),
        (error: Error) => stream.destroy(error),
      )
      .finally(over);
    return stream;
  }

  const layers: Layers = {
    async apply(key, tar, signal) {
      const isFresh = (await snapshots.find(key))?.parent === undefined;
      const rootFd = (await snapshots.mounts(key)).open();
      return withFds([rootFd], async () => {
        const task: Task = { op: 'write', rootFd, layer: { isFresh }, maxBytes: maxExpandedBytes };
        const { diffId, sizeBytes = 0 } = await pool.run(task, { input: tar }, signal);
        if (diffId === undefined) throw new Error('a written layer has a digest');
        return { diffId, sizeBytes };
      });
    },

    async diff(key, options = {}) {
      const result = await run({ op: 'digest', source: await sourceOf(key), ...options });
      const { diffId, sizeBytes = 0, isEmpty = false } = result;
      if (diffId === undefined) throw new Error('a layer has a digest');
      return { diffId, sizeBytes, isEmpty };
    },

    async openDiff(key, options = {}) {
      return streamOf({ op: 'read-diff', source: await sourceOf(key), ...options });
    },

    async changes(key) {
      return (await pool.run({ op: 'changes', source: await sourceOf(key) })).changes ?? [];
    },

    async extract(root, path, tar, options = {}, signal) {
      const rooted = RootedFs.open(root);
      await withFds([rooted.fd], async () => {
        using place = locate(rooted, path, true);
        if ((place.stat.mode & S_IFMT) !== S_IFDIR)
          throw invalidParameter('not-a-directory', 'extraction point is not a directory', { detail: { path } });
        const task: Task = {
          op: 'write',
          rootFd: rooted.fd,
          base: join(place.components),
          maxBytes: maxExpandedBytes,
          ...options,
        };
        await pool.run(task, { input: tar }, signal);
      });
    },

    async archive(root, path, options = {}) {
      using rooted = RootedFs.open(root);
      using place = locate(rooted, path, options.followLink ?? false);
      const stat = statOf(rooted, place, path);
      const as = Buffer.from(archiveName(options.as ?? path, stat.name));
      const isDir = (stat.mode & S_IFMT) === S_IFDIR;
      const isRoot = place.name.equals(DOT);
      const dirFd = openAt(isRoot ? rooted.fd : place.dirFd, DOT, O_PATH | O_DIRECTORY);
      const name = isRoot ? DOT : place.name;
      return {
        stat,
        tar: streamOf({ op: 'read', dirFd, name, as: isDir ? Buffer.concat([as, Buffer.from('/')]) : as }, () =>
          closeFd(dirFd),
        ),
      };
    },

    async stat(root, path) {
      using rooted = RootedFs.open(root);
      using place = locate(rooted, path, false);
      return statOf(rooted, place, path);
    },

    async readFile(root, path, maxBytes = MAX_READ) {
      using rooted = RootedFs.open(root);
      const opened = rooted.openRegular(Buffer.from(path));
      if (opened === undefined) return undefined;
      try {
        const content = Buffer.alloc(Math.min(opened.stat.sizeBytes, maxBytes));
        let length = 0;
        for (let got = 1; got > 0 && length < content.length; length += got)
          got = readSync(opened.fd, content, length, content.length - length, length);
        return content.subarray(0, length);
      } finally {
        closeFd(opened.fd);
      }
    },

    copy: (request) => copyTree(request, run),

    async mkdirs(root, path, options = {}) {
      using rooted = RootedFs.open(root);
      const make = (dirFd: number, name: Buffer): void => {
        mkdirAt(dirFd, name, 0o700);
        chownAt(dirFd, name, options.uid ?? 0, options.gid ?? 0);
        chmodAt(dirFd, name, options.mode ?? 0o755);
      };
      closeFd(rooted.ensureDir(Buffer.from(path), make));
    },

    async contentHash(root, path, options = {}) {
      checkPatterns(options.exclude);
      using rooted = RootedFs.open(root);
      using place = locate(rooted, path, true);
      const isDir = ((place.stat?.mode ?? 0) & S_IFMT) === S_IFDIR;
      const exclude = options.exclude === undefined ? {} : { exclude: options.exclude };
      const isRoot = place.name.equals(DOT);
      if (!isDir || !options.contentsOnly) {
        const dirFd = openAt(isRoot ? rooted.fd : place.dirFd, DOT, O_PATH | O_DIRECTORY);
        return withFds(
          [dirFd],
          async () => (await run({ op: 'hash', dirFd, name: place.name, ...exclude })).hash ?? '',
        );
      }
      const dirFd = openAt(isRoot ? rooted.fd : place.dirFd, place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      return withFds([dirFd], async () => (await run({ op: 'hash', dirFd, ...exclude })).hash ?? '');
    },

    async glob(root, pattern) {
      using rooted = RootedFs.open(root);
      return globBelow(rooted, pattern);
    },
  };
  // Whatever part of an operation runs on this thread: only this room's errors leave it.
  return {
    apply: (...args) => guarded(() => layers.apply(...args)),
    diff: (...args) => guarded(() => layers.diff(...args)),
    openDiff: (...args) => guarded(() => layers.openDiff(...args)),
    changes: (...args) => guarded(() => layers.changes(...args)),
    extract: (...args) => guarded(() => layers.extract(...args)),
    archive: (...args) => guarded(() => layers.archive(...args)),
    stat: (...args) => guarded(() => layers.stat(...args)),
    readFile: (...args) => guarded(() => layers.readFile(...args)),
    copy: (...args) => guarded(() => layers.copy(...args)),
    mkdirs: (...args) => guarded(() => layers.mkdirs(...args)),
    contentHash: (...args) => guarded(() => layers.contentHash(...args)),
    glob: (...args) => guarded(() => layers.glob(...args)),
  };
}

const noSuchPath = (path: string): Error =>
  notFound('no-such-path', `Could not find the file ${path}`, { detail: { path } });

/** Where a path leads, a link at its end followed when asked or when the path ends in a slash or `/.`. @throws not-found `no-such-path` */
function locate(rooted: RootedFs, path: string, followLast: boolean): Located & { stat: NonNullable<Located['stat']> } {
  let place: Located;
  try {
    place = rooted.locate(Buffer.from(path), { followLast: followLast || /\/\.?$/.test(path) });
  } catch (error) {
    if (error instanceof HostError && ['ENOENT', 'ENOTDIR'].includes(error.code)) throw noSuchPath(path);
    throw error;
  }
  if (place.stat === undefined) {
    place[Symbol.dispose]();
    throw noSuchPath(path);
  }
  return place as Located & { stat: NonNullable<Located['stat']> };
}

function statOf(rooted: RootedFs, place: Located & { stat: NonNullable<Located['stat']> }, path: string): RootedStat {
  const { stat } = place;
  const isLink = (stat.mode & S_IFMT) === S_IFLNK;
  const isRoot = place.name.equals(DOT);
  return {
    name: isRoot ? Buffer.from('/') : place.name,
    sizeBytes: stat.sizeBytes,
    mode: stat.mode,
    mtimeMs: stat.mtimeSec * 1000 + stat.mtimeNsec / 1e6,
    linkTarget: isLink ? resolvedTarget(rooted, place, path) : '',
    uid: stat.uid,
    gid: stat.gid,
  };
}

/** Where a link ends up inside the root, as an absolute path; its own text when it leads nowhere. */
function resolvedTarget(rooted: RootedFs, place: Located, path: string): string {
  try {
    using end = rooted.locate(Buffer.from(path), { followLast: true });
    return `/${join(end.components).toString()}`.replace(/^\/\.$/, '/');
  } catch {
    return readlinkAt(place.dirFd, place.name).toString();
  }
}

/** The name of the top entry: the path's last word, `.` for `/etc/.`, nothing for `/` itself (its entries are `/`, `/bin`), as Docker rebases archives. */
function archiveName(path: string, name: Buffer): Uint8Array {
  if (/^\/+$/.test(path)) return Buffer.alloc(0);
  if (path === '' || /(^|\/)\.$/.test(path)) return DOT;
  const last = path.replace(/\/+$/, '').split('/').at(-1) ?? '';
  return last === '' || last === '..' ? name : Buffer.from(last);
}

/** An O_PATH fd of a folder. @throws not-found `no-such-path` */
function openFolder(rooted: RootedFs, path: string): number {
  let fd: number | undefined;
  try {
    fd = rooted.findDir(Buffer.from(path));
  } catch (error) {
    if (!(error instanceof HostError) || error.code !== 'ENOTDIR') throw error;
  }
  if (fd === undefined) throw noSuchPath(path);
  return fd;
}

async function copyTree(request: CopyRequest, run: (task: Task) => Promise<TaskResult>): Promise<void> {
  const { from, to, contentsOnly, ...plain } = request;
  const rules: PlainCopyRules = plain;
  checkPatterns(rules.exclude);
  using source = RootedFs.open(from.root);
  using target = RootedFs.open(to.root);
  const fds: number[] = [];
  try {
    if (contentsOnly) {
      const fromFd = openFolder(source, from.path);
      fds.push(fromFd);
      const toFd = target.ensureDir(Buffer.from(to.path));
      fds.push(toFd);
      await run({ op: 'copy', fromFd, toFd, rules });
      return;
    }
    using place = locate(source, from.path, false);
    using there = target.locate(Buffer.from(to.path), { createDir: (dirFd, name) => mkdirAt(dirFd, name, 0o755) });
    // A destination that is a link to a folder stands for that folder's place.
    if (there.stat !== undefined && (there.stat.mode & S_IFMT) === S_IFLNK && (place.stat.mode & S_IFMT) === S_IFDIR) {
      const toFd = target.ensureDir(Buffer.from(to.path));
      fds.push(toFd);
      const fromFd = openAt(place.dirFd, place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      fds.push(fromFd);
      await run({ op: 'copy', fromFd, toFd, rules });
      return;
    }
    await run({ op: 'copy', fromFd: place.dirFd, from: place.name, toFd: there.dirFd, to: there.name, rules });
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}

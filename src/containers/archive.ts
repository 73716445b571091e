import { posix } from 'node:path';
import { finished, type Readable } from 'node:stream';
import type { PathStat } from '../api/index.ts';
import { EngineError, forbidden, invalidParameter, isEngineError, notFound } from '../errors/index.ts';
import type { RootedStat } from '../store/index.ts';
import type { Container } from './container.ts';
import type { Context } from './context.ts';
import { toGoMode } from './go-mode.ts';
import { useRootfs } from './rootfs.ts';
import { userOf } from './rootfs-user.ts';

type Needs = Pick<Context, 'directory' | 'snapshots' | 'layers' | 'volumes' | 'events'>;

/** A host folder that stands for `path`'s file system, the path inside it, and the release. */
interface Place {
  root: string;
  path: string;
  release(): Promise<void>;
}

/**
 * Where `path` is. A running container is entered through its own root (`/proc/PID/root`), which shows its mounts as it
 * sees them; one that does not run gets its root mounted, and a volume or bind by its destination.
 */
async function placeOf(needs: Needs, container: Container, path: string): Promise<Place> {
  if (path === '') throw invalidParameter('empty-path', 'bad parameter: pathcannot be empty');
  if (path.includes('\0')) throw invalidParameter('bad-path', 'invalid path: a NUL byte');
  // A trailing `/.` or slash says something to the copy and is kept.
  const absolute = path.startsWith('/') ? path : `/${path}`;
  if (container.isLive) {
    return { root: `/proc/${container.run?.process.pid}/root`, path: absolute, release: async () => {} };
  }
  const clean = posix.resolve('/', path);
  const mount = container.record.mounts
    .filter(
      ({ type, destination }) => type !== 'tmpfs' && (clean === destination || clean.startsWith(`${destination}/`)),
    )
    .at(-1);
  if (mount !== undefined) {
    const isVolume = mount.type === 'volume';
    const root = isVolume ? await needs.volumes.mountpoint(mount.name, container.id) : mount.source;
    const inside = absolute.slice(absolute.indexOf(mount.destination) + mount.destination.length) || '/';
    return {
      root,
      path: inside,
      release: async () => {
        if (isVolume) await needs.volumes.unmount(mount.name, container.id);
      },
    };
  }
  const release = await useRootfs(container, needs.snapshots);
  return { root: container.rootfs, path: absolute, release: async () => release() };
}

export async function statPath(needs: Needs, ref: string, path: string): Promise<PathStat> {
  const container = needs.directory.get(ref);
  const place = await placeOf(needs, container, path);
  try {
    const stat = await needs.layers.stat(place.root, place.path);
    checkSlash(stat, path);
    return toPathStat(stat, path);
  } catch (error) {
    throw told(error, path, ref);
  } finally {
    await place.release();
  }
}

export async function getArchive(needs: Needs, ref: string, path: string): Promise<{ stat: PathStat; tar: Readable }> {
  const container = needs.directory.get(ref);
  const place = await placeOf(needs, container, path);
  try {
    const { stat, tar } = await needs.layers.archive(place.root, place.path, { as: path });
    checkSlash(stat, path);
    finished(tar, () => void place.release());
    needs.events.publish('container', 'archive-path', { id: container.id, attributes: container.attributes });
    return { stat: toPathStat(stat, path), tar };
  } catch (error) {
    await place.release();
    throw told(error, path, ref);
  }
}

export async function putArchive(
  needs: Needs,
  ref: string,
  path: string,
  tar: AsyncIterable<Uint8Array>,
  options: { noOverwriteDirNonDir: boolean; copyUidGid: boolean },
): Promise<void> {
  const container = needs.directory.get(ref);
  checkWritable(container, path);
  const place = await placeOf(needs, container, path);
  try {
    const stat = await needs.layers.stat(place.root, `${place.path.replace(/\/+$/, '')}/.`);
    if ((stat.mode & 0o170000) !== 0o040000) {
      throw invalidParameter('not-a-directory', 'extraction point is not a directory');
    }
    const { config, hostConfig } = container.record;
    const owner = options.copyUidGid
      ? userOf(
          container.isLive || container.isMounted ? container.rootfs : place.root,
          config.User ?? '',
          hostConfig.GroupAdd ?? [],
        )
      : undefined;
    await needs.layers.extract(place.root, place.path, tar, {
      noOverwriteDirNonDir: options.noOverwriteDirNonDir,
      ...(owner && { owner: { uid: owner.uid, gid: owner.gid } }),
    });
    needs.events.publish('container', 'extract-to-dir', { id: container.id, attributes: container.attributes });
  } catch (error) {
    throw told(error, path, ref);
  } finally {
    await place.release();
  }
}

function checkWritable(container: Container, path: string): void {
  const clean = posix.resolve('/', path);
  const mount = container.record.mounts
    .filter(({ destination }) => clean === destination || clean.startsWith(`${destination}/`))
    .at(-1);
  if (mount !== undefined && !mount.writable) throw forbidden('read-only-volume', 'mounted volume is marked read-only');
  if (mount === undefined && container.record.hostConfig.ReadonlyRootfs) {
    throw forbidden('read-only-rootfs', 'container rootfs is marked read-only');
  }
}

function told(error: unknown, path: string, ref: string): unknown {
  if (!isEngineError(error, 'not-found')) return error;
  if (error instanceof EngineError && error.code === 'no-such-container') return error;
  return notFound('no-such-path', `Could not find the file ${path} in container ${ref}`);
}

/** `FILE/` and `FILE/.` name a folder that is not there. */
function checkSlash(stat: RootedStat, path: string): void {
  if (/\/\.?$/.test(path) && (stat.mode & 0o170000) === 0o100000) {
    throw invalidParameter('not-a-directory', `lstat ${path}: not a directory`);
  }
}

function toPathStat(stat: RootedStat, asked: string): PathStat {
  return {
    name: posix.basename(posix.resolve('/', asked)) || '/',
    size: stat.sizeBytes,
    mode: toGoMode(stat.mode),
    mtime: new Date(stat.mtimeMs).toISOString(),
    linkTarget: stat.linkTarget,
  };
}

import { readSync } from 'node:fs';
import { invalidParameter } from '../../errors/index.ts';
import {
  closeFd,
  type FileStat,
  getXattr,
  HostError,
  listXattrs,
  namesIn,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  openRegularAt,
  printable,
  RootedFs,
  readlinkAt,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  statAt,
} from '../../host/index.ts';
import { formatHeader, padOf, TAR_END, type TarEntry, type TarType, tarEntry } from '../../lib/index.ts';
import { DELETED, type TreeChange } from './changes.ts';
import { isReserved } from './entry-names.ts';
import { isOverlayOpaque, isOverlayWhiteout, type LowerView } from './lower-view.ts';
import { isAllowedXattr } from './xattrs.ts';

const CHUNK = 1 << 18;
const SLASH = Buffer.from('/');

export interface TreeReaderOptions {
  /** The archive is a layer: no name of a file may look like a whiteout. */
  isLayer?: boolean;
  /**
   * The folder is an overlay's changes, over these: marks of deletion become `.wh.` entries. The kernel also marks folders
   * opaque that hide nothing; those marks are left out, so that equal changes give equal bytes on every kernel.
   */
  over?: LowerView;
  /** Modification times above it become it, in seconds. */
  sourceDateEpoch?: number;
  /** Leaves out a path (relative to the walked folder) and what is below it. */
  excludes?: (path: string) => boolean;
}

/** Names the walk meets under way are gone or swapped sometimes: what is not there any more is left out. */
const isGone = (error: unknown): boolean =>
  error instanceof HostError && ['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE'].includes(error.code);

const TYPES: Record<number, TarType> = {
  [S_IFREG]: 'file',
  [S_IFDIR]: 'directory',
  [S_IFLNK]: 'symlink',
  [S_IFCHR]: 'character',
  [S_IFBLK]: 'block',
  [S_IFIFO]: 'fifo',
};

/**
 * The tar of a tree, as chunks: sorted by bytes, folders before their contents, nothing of it depending on when, where or in
 * which order it was made but the files' own times. Sockets are left out; devices and FIFOs are never opened.
 */
export class TreeReader {
  readonly #options: TreeReaderOptions;
  readonly #links = new Map<string, Buffer>();
  sizeBytes = 0;
  entries = 0;

  constructor(options: TreeReaderOptions = {}) {
    this.#options = options;
  }

  /** What is in the folder `dirFd`, under names that begin with `prefix` (empty or ending in a slash), and the end mark. */
  *folder(dirFd: number, prefix: Buffer = Buffer.alloc(0)): Generator<Buffer> {
    yield* this.#contents(dirFd, prefix, '');
    yield TAR_END;
  }

  /** One name of `dirFd` with all that is below it, called `as` in the archive, and the end mark. */
  *single(dirFd: number, name: Buffer, as: Buffer): Generator<Buffer> {
    yield* this.#one(dirFd, name, as, '');
    yield TAR_END;
  }

  /** Only these names, each without what is below it, and the end mark. */
  *listed(rootFd: number, changes: Iterable<TreeChange>): Generator<Buffer> {
    const root = RootedFs.adopt(rootFd);
    for (const { path, kind } of changes) {
      if (kind === DELETED) {
        this.entries++;
        yield formatHeader(whiteout(path));
        continue;
      }
      using place = root.locate(path);
      if (place.stat !== undefined) yield* this.#one(place.dirFd, place.name, path, '', false);
    }
    yield TAR_END;
  }

  *#contents(dirFd: number, prefix: Buffer, path: string): Generator<Buffer> {
    for (const name of namesIn(dirFd)) {
      const below = path === '' ? name.toString() : `${path}/${name.toString()}`;
      if (this.#options.excludes?.(below)) continue;
      yield* this.#one(dirFd, name, Buffer.concat([prefix, name]), below);
    }
  }

  *#one(dirFd: number, name: Buffer, as: Buffer, path: string, isDeep = true): Generator<Buffer> {
    let stat: FileStat;
    try {
      stat = statAt(dirFd, name);
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
    const kind = stat.mode & S_IFMT;
    if (kind === S_IFSOCK) return;
    this.entries++;
    if (this.#options.over !== undefined && isOverlayWhiteout(stat)) {
      yield formatHeader(whiteout(as));
      return;
    }
    if (this.#options.isLayer && isReserved(name))
      throw invalidParameter(
        'reserved-name',
        `/${printable(as)} cannot be put in a layer: names that begin with .wh. say that something was deleted`,
      );
    if (kind === S_IFREG) return yield* this.#file(dirFd, name, as, stat);
    const entry = this.#entry(dirFd, name, as, stat);
    if (kind === S_IFLNK) {
      entry.linkName = readlinkAt(dirFd, name);
      this.sizeBytes += entry.linkName.length;
    }
    if (kind === S_IFCHR || kind === S_IFBLK) {
      entry.deviceMajor = stat.deviceMajor;
      entry.deviceMinor = stat.deviceMinor;
    }
    if (kind !== S_IFDIR && this.#linked(as, stat, entry)) {
      yield formatHeader(entry);
      return;
    }
    yield formatHeader(entry);
    if (kind === S_IFDIR && isDeep) yield* this.#dir(dirFd, name, as, path);
  }

  *#dir(dirFd: number, name: Buffer, as: Buffer, path: string): Generator<Buffer> {
    let fd: number;
    try {
      fd = openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
    try {
      const prefix = as.at(-1) === 0x2f ? as : Buffer.concat([as, SLASH]);
      if (this.#options.over?.hasFolder(as) && isOverlayOpaque(dirFd, name)) {
        this.entries++;
        yield formatHeader(tarEntry('file', Buffer.concat([prefix, Buffer.from('.wh..wh..opq')]), { mode: 0 }));
      }
      yield* this.#contents(fd, prefix, path);
    } finally {
      closeFd(fd);
    }
  }

  *#file(dirFd: number, name: Buffer, as: Buffer, before: FileStat): Generator<Buffer> {
    const entry = this.#entry(dirFd, name, as, before);
    if (this.#linked(as, before, entry)) {
      yield formatHeader(entry);
      return;
    }
    let opened: ReturnType<typeof openRegularAt>;
    try {
      opened = openRegularAt(dirFd, name);
    } catch (error) {
      if (isGone(error)) return;
      throw error;
    }
    if (opened === undefined) return;
    try {
      entry.sizeBytes = opened.stat.sizeBytes;
      this.sizeBytes += entry.sizeBytes;
      yield formatHeader(entry);
      for (let at = 0; at < entry.sizeBytes; ) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK, entry.sizeBytes - at));
        const got = readSync(opened.fd, chunk, 0, chunk.length, at);
        // It shrank while it was read: the archive keeps its promise of length.
        if (got === 0) chunk.fill(0);
        at += got === 0 ? chunk.length : got;
        yield got === 0 ? chunk : chunk.subarray(0, got);
      }
    } finally {
      closeFd(opened.fd);
    }
    if (padOf(entry.sizeBytes) > 0) yield Buffer.alloc(padOf(entry.sizeBytes));
  }

  /** Turns `entry` into a link when its inode was met before. */
  #linked(as: Buffer, stat: FileStat, entry: TarEntry): boolean {
    if (stat.links < 2) return false;
    const first = this.#links.get(stat.inode);
    if (first === undefined) {
      this.#links.set(stat.inode, as);
      return false;
    }
    entry.type = 'hardlink';
    entry.linkName = first;
    entry.sizeBytes = 0;
    return true;
  }

  #entry(dirFd: number, name: Buffer, as: Buffer, stat: FileStat): TarEntry {
    const type = TYPES[stat.mode & S_IFMT] ?? 'file';
    const epoch = this.#options.sourceDateEpoch;
    const isClamped = epoch !== undefined && (stat.mtimeSec > epoch || (stat.mtimeSec === epoch && stat.mtimeNsec > 0));
    const xattrs = new Map<string, Buffer>();
    if (type === 'file' || type === 'directory') {
      for (const attribute of listXattrs(dirFd, name).filter(isAllowedXattr)) {
        const value = getXattr(dirFd, name, attribute);
        if (value !== undefined) xattrs.set(attribute, value);
      }
    }
    return tarEntry(type, type === 'directory' && as.at(-1) !== 0x2f ? Buffer.concat([as, SLASH]) : as, {
      mode: stat.mode & 0o7777,
      uid: stat.uid,
      gid: stat.gid,
      mtimeSec: isClamped ? epoch : stat.mtimeSec,
      mtimeNsec: isClamped ? 0 : stat.mtimeNsec,
      xattrs,
    });
  }
}

function whiteout(as: Buffer): TarEntry {
  const slash = as.lastIndexOf(0x2f);
  return tarEntry('file', Buffer.concat([as.subarray(0, slash + 1), Buffer.from('.wh.'), as.subarray(slash + 1)]), {
    mode: 0,
  });
}

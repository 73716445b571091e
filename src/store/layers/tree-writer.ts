import { ftruncateSync, writeSync } from 'node:fs';
import { invalidParameter, noSpace } from '../../errors/index.ts';
import {
  chmodAt,
  chmodFd,
  chownAt,
  chownFd,
  closeFd,
  findStatAt,
  HostError,
  type Located,
  linkAt,
  mkdirAt,
  mknodAt,
  namesIn,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  openAt,
  printable,
  RootedFs,
  rmdirAt,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFMT,
  setXattr,
  splitPath,
  symlinkAt,
  unlinkAt,
  utimesAt,
} from '../../host/index.ts';
import type { TarEntry, TarHandler } from '../../lib/index.ts';
import { cleanName, layerName } from './entry-names.ts';
import { isAllowedXattr } from './xattrs.ts';

const DOT = Buffer.from('.');

export interface TreeWriterOptions {
  /** Layer rules: `.wh.` names delete what lower layers have. `isFresh`: there are none. */
  whiteouts?: { isFresh: boolean };
  /** The folder below the root that the names are relative to. Links resolve within the root, not within it. */
  base?: Uint8Array;
  noOverwriteDirNonDir?: boolean;
  owner?: { uid: number; gid: number };
  /** Bytes of files the archive may expand to. */
  maxBytes: number;
}

/**
 * Writes a tar's entries below a root, in order, synchronously (security.md §5 rules 5): names are cleaned, `..` is refused, parents
 * are resolved beneath the root fd anew for every entry, the last component is never followed, what is replaced is unlinked
 * first, chmod comes after chown, devices are made but not opened, times of folders are set at the end.
 */
export class TreeWriter implements TarHandler {
  readonly #root: RootedFs;
  readonly #options: TreeWriterOptions;
  readonly #base: readonly Buffer[];
  readonly #folders: { parts: Buffer[]; sec: number; nsec: number }[] = [];
  /** Paths that this layer made, with the folders above them: what its whiteouts, which speak of lower layers, leave. */
  readonly #made = new Set<string>();
  #file: { fd: number; dirFd: number; name: Buffer; entry: TarEntry } | undefined;
  #sizeBytes = 0;
  #writtenBytes = 0;

  /** The fd stays the caller's. */
  constructor(rootFd: number, options: TreeWriterOptions) {
    this.#root = RootedFs.adopt(rootFd);
    this.#options = options;
    this.#base = splitPath(options.base ?? Buffer.alloc(0));
  }

  /** What the layer weighs, as Docker counts: files by their length, links by their text's. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  entry(entry: TarEntry): void {
    const parts = cleanName(entry.name);
    if (this.#options.whiteouts !== undefined) {
      const meaning = layerName(parts);
      if (meaning.kind === 'ignored') return;
      if (meaning.kind !== 'plain') return this.#whiteout(parts.slice(0, -1), meaning);
    }
    const name = parts.pop();
    if (name === undefined) {
      // A layer may say how its root is; in a plain archive that is the folder it goes to, which is not the archive's.
      if (entry.type === 'directory' && this.#options.whiteouts !== undefined)
        this.#setAttributes(this.#root.fd, DOT, entry, parts);
      return;
    }
    const dirFd = this.#root.ensureDir(this.#pathOf(parts), (fd, missing) => this.#makeParent(fd, missing));
    let keepsDir = false;
    try {
      keepsDir = this.#create(dirFd, name, parts, entry);
      this.#remember([...parts, name]);
    } finally {
      if (!keepsDir) closeFd(dirFd);
    }
  }

  /** A folder that the archive takes for granted. */
  #makeParent(dirFd: number, name: Buffer): void {
    mkdirAt(dirFd, name, 0o755);
    chmodAt(dirFd, name, 0o755);
    const { owner } = this.#options;
    if (owner !== undefined) chownAt(dirFd, name, owner.uid, owner.gid);
  }

  data(chunk: Buffer, offset: number): void {
    this.#writtenBytes += chunk.length;
    if (this.#writtenBytes > this.#options.maxBytes) {
      throw noSpace(
        'archive-too-large',
        `no space left on device: the archive expands to more than the ${this.#options.maxBytes} bytes that are free for it`,
      );
    }
    if (this.#file === undefined) return;
    for (let done = 0; done < chunk.length; )
      done += writeSync(this.#file.fd, chunk, done, chunk.length - done, offset + done);
  }

  entryEnd(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    try {
      const { fd, dirFd, name, entry } = file;
      // A sparse file may end in a hole.
      if (entry.sparse !== undefined) ftruncateSync(fd, entry.sizeBytes);
      const { uid, gid } = this.#options.owner ?? entry;
      chownFd(fd, uid, gid);
      chmodFd(fd, entry.mode);
      this.#setXattrs(dirFd, name, entry);
      utimesAt(dirFd, name, { sec: entry.mtimeSec, nsec: entry.mtimeNsec });
      this.#sizeBytes += entry.sizeBytes;
    } finally {
      closeFd(file.fd);
      closeFd(file.dirFd);
    }
  }

  /** Sets the folders' times, last made first. */
  finish(): void {
    for (const { parts, sec, nsec } of this.#folders.toReversed()) {
      using place = this.#root.locate(this.#pathOf(parts));
      if (place.stat !== undefined && (place.stat.mode & S_IFMT) === S_IFDIR)
        utimesAt(place.dirFd, place.name, { sec, nsec });
    }
  }

  /** Closes what an archive that broke off left open. The root's fd stays. */
  close(): void {
    if (this.#file === undefined) return;
    closeFd(this.#file.fd);
    closeFd(this.#file.dirFd);
    this.#file = undefined;
  }

  /** True when `dirFd` is still needed: a file is being written. */
  #create(dirFd: number, name: Buffer, parts: Buffer[], entry: TarEntry): boolean {
    const there = findStatAt(dirFd, name);
    const isDir = there !== undefined && (there.mode & S_IFMT) === S_IFDIR;
    if (there !== undefined && this.#options.noOverwriteDirNonDir) {
      if (isDir && entry.type !== 'directory') throw refuseReplace('directory', 'non-directory', name);
      if (!isDir && entry.type === 'directory') throw refuseReplace('non-directory', 'directory', name);
    }
    if (entry.type === 'directory') {
      if (!isDir) {
        if (there !== undefined) unlinkAt(dirFd, name);
        mkdirAt(dirFd, name, 0o700);
      }
      this.#setAttributes(dirFd, name, entry, [...parts, name]);
      return false;
    }
    if (entry.type === 'hardlink') {
      this.#hardlink(dirFd, name, entry, there !== undefined, isDir);
      return false;
    }
    if (isDir) removeTree(dirFd, name);
    else if (there !== undefined) unlinkAt(dirFd, name);
    switch (entry.type) {
      case 'file': {
        const fd = openAt(dirFd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
        this.#file = { fd, dirFd, name, entry };
        return true;
      }
      case 'symlink': {
        symlinkAt(entry.linkName, dirFd, name);
        this.#sizeBytes += entry.linkName.length;
        const { uid, gid } = this.#options.owner ?? entry;
        chownAt(dirFd, name, uid, gid);
        utimesAt(dirFd, name, { sec: entry.mtimeSec, nsec: entry.mtimeNsec });
        return false;
      }
      case 'character':
      case 'block':
      case 'fifo': {
        const type = entry.type === 'fifo' ? S_IFIFO : entry.type === 'block' ? S_IFBLK : S_IFCHR;
        // 0/0 is overlay's own mark for a deleted name: as a device of a layer it would hide what lies below.
        if (entry.type === 'character' && entry.deviceMajor === 0 && entry.deviceMinor === 0) return false;
        mknodAt(dirFd, name, type | 0o600, entry.deviceMajor, entry.deviceMinor);
        this.#setAttributes(dirFd, name, entry, undefined);
        return false;
      }
      default:
        entry.type satisfies never;
        return false;
    }
  }

  #hardlink(dirFd: number, name: Buffer, entry: TarEntry, isThere: boolean, isDir: boolean): void {
    using place = this.#linkTarget(entry);
    if (place.stat === undefined) throw brokenLink(entry);
    if ((place.stat.mode & S_IFMT) === S_IFDIR)
      throw invalidParameter('broken-hardlink', 'the archive hard-links a folder');
    const same = findStatAt(dirFd, name);
    if (same !== undefined && same.inode === place.stat.inode) return;
    if (isDir) removeTree(dirFd, name);
    else if (isThere) unlinkAt(dirFd, name);
    linkAt(place.dirFd, place.name, dirFd, name);
  }

  #linkTarget(entry: TarEntry): Located {
    try {
      return this.#root.locate(this.#pathOf(cleanName(entry.linkName)));
    } catch (error) {
      if (error instanceof HostError && (error.code === 'ENOENT' || error.code === 'ENOTDIR')) throw brokenLink(entry);
      throw error;
    }
  }

  #pathOf(parts: readonly Buffer[]): Buffer {
    return join([...this.#base, ...parts]);
  }

  #setAttributes(dirFd: number, name: Buffer, entry: TarEntry, folder: Buffer[] | undefined): void {
    const { uid, gid } = this.#options.owner ?? entry;
    chownAt(dirFd, name, uid, gid);
    chmodAt(dirFd, name, entry.mode);
    this.#setXattrs(dirFd, name, entry);
    if (folder === undefined) utimesAt(dirFd, name, { sec: entry.mtimeSec, nsec: entry.mtimeNsec });
    else this.#folders.push({ parts: folder, sec: entry.mtimeSec, nsec: entry.mtimeNsec });
  }

  #setXattrs(dirFd: number, name: Buffer, entry: TarEntry): void {
    for (const [attribute, value] of entry.xattrs) {
      if (!isAllowedXattr(attribute)) continue;
      try {
        setXattr(dirFd, name, attribute, value);
      } catch (error) {
        // File systems without this kind of attribute lose it, as with every other engine.
        if (!(error instanceof HostError) || !['EOPNOTSUPP', 'EPERM', 'ENOTSUP'].includes(error.code)) throw error;
      }
    }
  }

  #whiteout(folder: Buffer[], meaning: { kind: 'opaque' } | { kind: 'whiteout'; hidden: Buffer }): void {
    if (this.#options.whiteouts?.isFresh) return;
    const dirFd = this.#root.findDir(this.#pathOf(folder));
    if (dirFd === undefined) return;
    try {
      const names = meaning.kind === 'opaque' ? namesIn(dirFd) : [meaning.hidden];
      for (const name of names) this.#removeOld(dirFd, [...folder, name]);
    } finally {
      closeFd(dirFd);
    }
  }

  /** Removes what lower layers have there; what this layer put there stays, whichever came first. */
  #removeOld(dirFd: number, parts: Buffer[]): void {
    const name = parts.at(-1) ?? DOT;
    if (!this.#made.has(keyOf(parts))) return removeAny(dirFd, name);
    const stat = findStatAt(dirFd, name);
    if (stat === undefined || (stat.mode & S_IFMT) !== S_IFDIR) return;
    const fd = openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    try {
      for (const child of namesIn(fd)) this.#removeOld(fd, [...parts, child]);
    } finally {
      closeFd(fd);
    }
  }

  #remember(parts: readonly Buffer[]): void {
    if (this.#options.whiteouts === undefined || this.#options.whiteouts.isFresh) return;
    for (let count = parts.length; count > 0; count--) {
      const key = keyOf(parts.slice(0, count));
      if (this.#made.has(key)) return;
      this.#made.add(key);
    }
  }
}

/** One character per byte: no two names share a key. */
const keyOf = (parts: readonly Buffer[]): string => join(parts).toString('latin1');

const brokenLink = (entry: TarEntry): Error =>
  invalidParameter('broken-hardlink', `the archive links to "${printable(entry.linkName)}", which is not in it`);

const refuseReplace = (there: string, by: string, name: Buffer): Error =>
  invalidParameter('no-overwrite', `cannot overwrite ${there} ${JSON.stringify(name.toString())} with ${by}`);

const SLASH = Buffer.from('/');

/** Components as a path relative to a root. */
export function join(parts: readonly Uint8Array[]): Buffer {
  if (parts.length === 0) return DOT;
  return Buffer.concat(parts.flatMap((part, i) => (i === 0 ? [part] : [SLASH, part])));
}

/** Removes one name, with all that is below it when it is a folder. Nothing is followed. */
export function removeAny(dirFd: number, name: Buffer): void {
  const stat = findStatAt(dirFd, name);
  if (stat === undefined) return;
  if ((stat.mode & S_IFMT) === S_IFDIR) removeTree(dirFd, name);
  else unlinkAt(dirFd, name);
}

/** Removes a folder with everything in it, by pinned fds, at any depth. */
export function removeTree(dirFd: number, name: Buffer): void {
  const fd = openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  try {
    for (const child of namesIn(fd)) removeAny(fd, child);
  } finally {
    closeFd(fd);
  }
  rmdirAt(dirFd, name);
}

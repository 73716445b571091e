import { writeSync } from 'node:fs';
import { invalidParameter, noSpace } from '../../errors/index.ts';
import {
  chmodAt,
  chmodFd,
  chownAt,
  chownFd,
  closeFd,
  findStatAt,
  HostError,
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
import { isAllowedXattr } from './xattrs.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const DOT = Buffer.from('.');
const MAX_COMPONENT = 255;
const MAX_DEPTH = 1024;

export interface TreeWriterOptions {
  /** Layer rules: `.wh.` names delete. Needs the folder that holds what this layer alone changed. */
  whiteouts?: { changesFd: number };
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
  readonly #folders: { parts: Buffer[]; sec: number; nsec: number }[] = [];
  #file: { fd: number; dirFd: number; name: Buffer; entry: TarEntry } | undefined;
  #sizeBytes = 0;

  /** The fd stays the caller's. */
  constructor(rootFd: number, options: TreeWriterOptions) {
    this.#root = RootedFs.adopt(rootFd);
    this.#options = options;
  }

  /** Sum of the files' sizes so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  entry(entry: TarEntry): void {
    const parts = cleanName(entry.name);
    const name = parts.pop();
    if (name === undefined) {
      if (entry.type === 'directory') this.#setAttributes(this.#root.fd, DOT, entry, parts);
      return;
    }
    const dirFd = this.#root.ensureDir(join(parts));
    let keepsDir = false;
    try {
      const text = name.toString('latin1');
      if (this.#options.whiteouts !== undefined && text.startsWith(WHITEOUT)) this.#whiteout(dirFd, text, parts);
      else keepsDir = this.#create(dirFd, name, parts, entry);
    } finally {
      if (!keepsDir) closeFd(dirFd);
    }
  }

  data(chunk: Buffer, offset: number): void {
    this.#sizeBytes += chunk.length;
    if (this.#sizeBytes > this.#options.maxBytes) {
      throw noSpace(
        'archive-too-large',
        `the archive expands to more than the ${this.#options.maxBytes} bytes that are free for it`,
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
      if (entry.sparse !== undefined) process.getBuiltinModule('node:fs').ftruncateSync(fd, entry.sizeBytes);
      const { uid, gid } = this.#options.owner ?? entry;
      chownFd(fd, uid, gid);
      chmodFd(fd, entry.mode);
      this.#setXattrs(dirFd, name, entry);
      utimesAt(dirFd, name, { sec: entry.mtimeSec, nsec: entry.mtimeNsec });
    } finally {
      closeFd(file.fd);
      closeFd(file.dirFd);
    }
  }

  /** Sets the folders' times, last made first. */
  finish(): void {
    for (const { parts, sec, nsec } of this.#folders.toReversed()) {
      using place = this.#root.locate(join(parts));
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
    const target = cleanName(entry.linkName);
    using place = this.#root.locate(join(target));
    if (place.stat === undefined) {
      throw invalidParameter(
        'broken-hardlink',
        `the archive links to ${JSON.stringify(entry.linkName.toString())}, which is not in it`,
      );
    }
    if ((place.stat.mode & S_IFMT) === S_IFDIR)
      throw invalidParameter('broken-hardlink', 'the archive hard-links a folder');
    const same = findStatAt(dirFd, name);
    if (same !== undefined && same.inode === place.stat.inode) return;
    if (isDir) removeTree(dirFd, name);
    else if (isThere) unlinkAt(dirFd, name);
    linkAt(place.dirFd, place.name, dirFd, name);
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

  #whiteout(dirFd: number, text: string, parts: Buffer[]): void {
    if (text === OPAQUE) {
      for (const name of namesIn(dirFd)) if (!this.#isOfThisLayer(parts, name)) removeAny(dirFd, name);
      return;
    }
    if (text.startsWith('.wh..wh.')) return;
    const hidden = Buffer.from(text.slice(WHITEOUT.length), 'latin1');
    if (hidden.length === 0 || hidden.equals(DOT) || hidden.equals(Buffer.from('..'))) {
      throw invalidParameter('bad-whiteout', `the layer holds an invalid whiteout: ${JSON.stringify(text)}`);
    }
    if (findStatAt(dirFd, hidden) !== undefined && !this.#isOfThisLayer(parts, hidden)) removeAny(dirFd, hidden);
  }

  /** Was this name made by this layer itself? Then a whiteout, which speaks of lower layers, leaves it. */
  #isOfThisLayer(parts: Buffer[], name: Buffer): boolean {
    if (this.#options.whiteouts === undefined) return true;
    const changes = RootedFs.adopt(this.#options.whiteouts.changesFd);
    const dir = changes.findDir(join(parts));
    if (dir === undefined) return false;
    try {
      return findStatAt(dir, name) !== undefined;
    } finally {
      closeFd(dir);
    }
  }
}

const refuseReplace = (there: string, by: string, name: Buffer): Error =>
  invalidParameter('no-overwrite', `cannot overwrite ${there} ${JSON.stringify(name.toString())} with ${by}`);

function cleanName(name: Uint8Array): Buffer[] {
  const parts = splitPath(name).filter((part) => !part.equals(DOT));
  for (const part of parts) {
    if (part.length === 2 && part.toString('latin1') === '..') {
      throw invalidParameter(
        'archive-escapes',
        `the archive names a path outside of its root: ${JSON.stringify(Buffer.from(name).toString().slice(0, 300))}`,
      );
    }
    if (part.length > MAX_COMPONENT)
      throw invalidParameter('name-too-long', 'the archive holds a name of more than 255 bytes');
  }
  if (parts.length > MAX_DEPTH)
    throw invalidParameter('too-deep', `the archive nests deeper than ${MAX_DEPTH} folders`);
  return parts;
}

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

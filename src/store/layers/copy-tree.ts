import { constants, copyFileSync } from 'node:fs';
import {
  chmodAt,
  chownAt,
  closeFd,
  type FileStat,
  fdPath,
  findStatAt,
  getXattr,
  HostError,
  linkAt,
  listXattrs,
  mkdirAt,
  mknodAt,
  namesIn,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  openRegularAt,
  RootedFs,
  readlinkAt,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  setXattr,
  statAt,
  symlinkAt,
  unlinkAt,
  utimesAt,
} from '../../host/index.ts';
import { createPatternMatcher } from '../../lib/index.ts';
import { removeTree } from './tree-writer.ts';
import { isAllowedXattr } from './xattrs.ts';

const DOT = Buffer.from('.');

export interface CopyRules {
  owner?: { uid: number; gid: number };
  exclude?: readonly string[];
  chmod?: number;
  /** mode and whether it is a folder → new mode; for `u=rwX`. */
  chmodBy?: (mode: number, isFolder: boolean) => number;
  mtimeMs?: number;
}

/** Copies between pinned folders, one entry a step: a generator, so that a caller may pause between steps. */
export class TreeCopy {
  readonly #rules: CopyRules;
  /** Paths are latin1: one character per byte, so that no name is lost. */
  readonly #excludes: (path: string) => boolean;
  /** Where the first name of an inode with several went, below the folder that the copy began with. */
  readonly #linked = new Map<string, string>();
  #topFd: number | undefined;
  readonly #hasExceptions: boolean;

  constructor(rules: CopyRules) {
    this.#rules = rules;
    const matcher = rules.exclude?.length ? createPatternMatcher(rules.exclude) : undefined;
    this.#excludes = (path) => matcher?.matches(Buffer.from(path, 'latin1').toString()) ?? false;
    this.#hasExceptions = matcher?.hasExceptions ?? false;
  }

  /** What is in `fromFd` into `toFd`, merged with what is there. */
  *contents(fromFd: number, toFd: number, path = ''): Generator<void> {
    if (path === '') this.#topFd = toFd;
    for (const name of namesIn(fromFd)) {
      const below = path === '' ? name.toString('latin1') : `${path}/${name.toString('latin1')}`;
      const isOut = this.#excludes(below);
      if (isOut && !this.#hasExceptions) continue;
      yield* this.one(fromFd, name, toFd, name, below, isOut);
    }
  }

  /** One name, to another folder and name. What it replaces is removed, but folders merge. */
  *one(fromFd: number, from: Buffer, toFd: number, to: Buffer, path = '', isOut = false): Generator<void> {
    yield;
    let stat: FileStat;
    try {
      stat = statAt(fromFd, from);
    } catch (error) {
      if (error instanceof HostError && error.code === 'ENOENT') return;
      throw error;
    }
    const kind = stat.mode & S_IFMT;
    if (isOut && kind !== S_IFDIR) return;
    const there = findStatAt(toFd, to);
    const isThereDir = there !== undefined && (there.mode & S_IFMT) === S_IFDIR;
    if (kind === S_IFDIR) {
      yield* this.#folder(fromFd, from, toFd, to, path, { stat, there, isOut });
      return;
    }
    if (isThereDir) removeTree(toFd, to);
    else if (there !== undefined) unlinkAt(toFd, to);
    if (stat.links > 1 && this.#link(stat, toFd, to, path)) return;
    if (kind === S_IFREG) {
      const opened = openRegularAt(fromFd, from);
      if (opened === undefined) return;
      try {
        copyFileSync(fdPath(opened.fd), fdPath(toFd, to), constants.COPYFILE_EXCL);
      } finally {
        closeFd(opened.fd);
      }
    } else if (kind === S_IFLNK) symlinkAt(readlinkAt(fromFd, from), toFd, to);
    else if (kind === S_IFCHR || kind === S_IFBLK || kind === S_IFIFO)
      mknodAt(toFd, to, kind | 0o600, stat.deviceMajor, stat.deviceMinor);
    else return;
    this.#attributes(fromFd, from, toFd, to, stat);
  }

  /** Makes `to` another name of what was copied before; false when this is the first name. */
  #link(stat: FileStat, toFd: number, to: Buffer, path: string): boolean {
    if (this.#topFd === undefined || path === '') return false;
    const first = this.#linked.get(stat.inode);
    if (first === undefined) {
      this.#linked.set(stat.inode, path);
      return false;
    }
    using top = RootedFs.adopt(openAt(this.#topFd, DOT, O_PATH | O_DIRECTORY));
    using place = top.locate(Buffer.from(first, 'latin1'));
    linkAt(place.dirFd, place.name, toFd, to);
    return true;
  }

  *#folder(
    fromFd: number,
    from: Buffer,
    toFd: number,
    to: Buffer,
    path: string,
    { stat, there, isOut }: { stat: FileStat; there: FileStat | undefined; isOut: boolean },
  ): Generator<void> {
    const isThereDir = there !== undefined && (there.mode & S_IFMT) === S_IFDIR;
    const source = openAt(fromFd, from, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    try {
      // A folder that is left out is made only when something below it is let in again.
      if (isOut && !this.#holdsAny(source, path)) return;
      if (!isThereDir) {
        if (there !== undefined) unlinkAt(toFd, to);
        mkdirAt(toFd, to, 0o700);
      }
      const target = openAt(toFd, to, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      try {
        yield* this.contents(source, target, path);
      } finally {
        closeFd(target);
      }
    } finally {
      closeFd(source);
    }
    this.#attributes(fromFd, from, toFd, to, stat);
  }

  #holdsAny(dirFd: number, path: string): boolean {
    return namesIn(dirFd).some((name) => {
      const below = `${path}/${name.toString('latin1')}`;
      if (!this.#excludes(below)) return true;
      if ((statAt(dirFd, name).mode & S_IFMT) !== S_IFDIR) return false;
      const fd = openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      try {
        return this.#holdsAny(fd, below);
      } finally {
        closeFd(fd);
      }
    });
  }

  #attributes(fromFd: number, from: Buffer, toFd: number, to: Buffer, stat: FileStat): void {
    const { owner = stat, chmod, chmodBy, mtimeMs } = this.#rules;
    const kind = stat.mode & S_IFMT;
    chownAt(toFd, to, owner.uid, owner.gid);
    if (kind !== S_IFLNK) {
      const mode = stat.mode & 0o7777;
      chmodAt(toFd, to, chmod ?? chmodBy?.(mode, kind === S_IFDIR) ?? mode);
      for (const attribute of listXattrs(fromFd, from).filter(isAllowedXattr)) {
        const value = getXattr(fromFd, from, attribute);
        if (value !== undefined) setXattr(toFd, to, attribute, value);
      }
    }
    if (mtimeMs === undefined) utimesAt(toFd, to, { sec: stat.mtimeSec, nsec: stat.mtimeNsec });
    else utimesAt(toFd, to, { sec: Math.floor(mtimeMs / 1000), nsec: Math.round((mtimeMs % 1000) * 1e6) });
  }
}

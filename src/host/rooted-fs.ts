import { readdirSync } from 'node:fs';
import {
  closeFd,
  cString,
  type FileStat,
  fdPath,
  findStatAt,
  mkdirAt,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  printable,
  readlinkAt,
  reopenRegular,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  statFd,
} from './at.ts';
import { HostError, lastErrno, native } from './libc.ts';

const SYS_OPENAT2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x02;
const RESOLVE_IN_ROOT = 0x10;
const O_CLOEXEC = 0o2000000;
const AT_FDCWD = -100;
const ENOENT = 2;
const EAGAIN = 11;
const ENOTDIR = 20;
const EINVAL = 22;
const ELOOP = 40;
const MAX_LINKS = 255;

const openat2 = native('long syscall(long number, int dirfd, const void *path, const void *how, unsigned long size)');
const how = Buffer.alloc(24);
const DOT = Buffer.from('.');

/** Where a path leads: the pinned folder, and the name in it. The folder's fd is the caller's to close. */
export interface Located extends Disposable {
  dirFd: number;
  /** `.` when the path is the root itself. */
  name: Buffer;
  /** Undefined when nothing is there. */
  stat: FileStat | undefined;
  /** The components from the root, every link resolved. */
  components: Buffer[];
}

export interface LocateOptions {
  /** Follow a symlink at the end too. */
  followLast?: boolean;
  /** Called for each missing folder on the way; it must create it. Without it a missing folder is ENOENT. */
  createDir?: (dirFd: number, name: Buffer) => void;
}

/**
 * A root file system held by an O_PATH fd. Every path is resolved by the kernel beneath it
 * (`openat2(RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)`) or component by component with pinned fds, so no link, `..` or swap
 * inside it leads out. Synchronous; microseconds per call.
 */
export class RootedFs implements Disposable {
  readonly fd: number;

  private constructor(fd: number) {
    this.fd = fd;
  }

  /** `path` is the host's own and trusted. */
  static open(path: string | Uint8Array): RootedFs {
    return new RootedFs(openAt(AT_FDCWD, Buffer.from(path), O_PATH | O_DIRECTORY));
  }

  /** Takes the fd over. */
  static adopt(fd: number): RootedFs {
    return new RootedFs(fd);
  }

  [Symbol.dispose](): void {
    closeFd(this.fd);
  }

  /** An O_PATH fd of what `path` names; links are followed inside the root, the last one unless `noFollow`. */
  openPath(path: Uint8Array, options: { noFollow?: boolean; directory?: boolean } = {}): number {
    const flags = O_PATH | (options.noFollow ? O_NOFOLLOW : 0) | (options.directory ? O_DIRECTORY : 0);
    return open2(this.fd, path, flags);
  }

  /** An O_PATH fd of a folder, or undefined when some part of the path is missing. */
  findDir(path: Uint8Array): number | undefined {
    how.writeBigUInt64LE(BigInt(O_PATH | O_DIRECTORY | O_CLOEXEC), 0);
    how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
    const bytes = path.length === 0 ? DOT : path;
    for (;;) {
      const fd = openat2(SYS_OPENAT2, this.fd, cString(bytes), how, 24);
      if (fd >= 0) return fd;
      const errno = lastErrno();
      if (errno === ENOENT) return undefined;
      if (errno !== EAGAIN) throw new HostError('openat2', errno, printable(path));
    }
  }

  /** A regular file to read (its links followed inside the root); undefined when absent or anything else. */
  openRegular(path: Uint8Array): { fd: number; stat: FileStat } | undefined {
    let pinned: number;
    try {
      pinned = this.openPath(path);
    } catch (error) {
      if (error instanceof HostError && (error.errno === ENOENT || error.errno === ENOTDIR)) return undefined;
      throw error;
    }
    try {
      return reopenRegular(pinned);
    } finally {
      closeFd(pinned);
    }
  }

  /**
   * Walks `path` by hand: unlike the kernel it can say where a dangling link points and create what is missing. `..` goes
   * back along pinned fds, so it cannot leave the root.
   */
  locate(path: Uint8Array, options: LocateOptions = {}): Located {
    const pending = splitPath(path).reverse();
    const stack: { fd: number; name: Buffer }[] = [];
    const top = (): number => stack.at(-1)?.fd ?? this.fd;
    const located = (name: Buffer, stat: FileStat | undefined): Located => {
      const dirFd = openAt(top(), DOT, O_PATH | O_DIRECTORY);
      const components = stack.map((entry) => entry.name);
      if (name !== DOT) components.push(name);
      return { dirFd, name, stat, components, [Symbol.dispose]: () => closeFd(dirFd) };
    };
    let links = 0;
    try {
      for (;;) {
        const name = pending.pop();
        if (name === undefined) {
          const last = stack.pop();
          if (last === undefined) return located(DOT, statFd(this.fd));
          const stat = statFd(last.fd);
          closeFd(last.fd);
          return located(last.name, stat);
        }
        if (isName(name, '.')) continue;
        if (isName(name, '..')) {
          const left = stack.pop();
          if (left !== undefined) closeFd(left.fd);
          continue;
        }
        const isLast = pending.length === 0;
        let stat = findStatAt(top(), name);
        if (stat === undefined && !isLast) {
          if (options.createDir === undefined) throw new HostError('stat', ENOENT, printable(path));
          options.createDir(top(), name);
          stat = findStatAt(top(), name);
        }
        if (stat !== undefined && (stat.mode & S_IFMT) === S_IFLNK && (!isLast || options.followLast === true)) {
          if (++links > MAX_LINKS) throw new HostError('stat', ELOOP, printable(path));
          const target = readlinkIfLink(top(), name);
          if (target === undefined) {
            // Swapped for something else meanwhile: looked at again, and counted, so that it ends.
            pending.push(name);
            continue;
          }
          if (target[0] === SLASH) for (const left of stack.splice(0)) closeFd(left.fd);
          pending.push(...splitPath(target).reverse());
          continue;
        }
        if (isLast) return located(name, stat);
        if (stat === undefined || (stat.mode & S_IFMT) !== S_IFDIR)
          throw new HostError('stat', ENOTDIR, printable(path));
        const fd = openIfDir(top(), name);
        if (fd !== undefined) stack.push({ fd, name });
        else if (++links > MAX_LINKS) throw new HostError('stat', ELOOP, printable(path));
        else pending.push(name);
      }
    } finally {
      for (const left of stack) closeFd(left.fd);
    }
  }

  /** The folder `path`, made with its missing parents by `createDir` (default: mkdir 0755). An O_PATH fd. */
  ensureDir(path: Uint8Array, createDir: (dirFd: number, name: Buffer) => void = mkdir0755): number {
    const fd = this.findDir(path);
    if (fd !== undefined) return fd;
    using place = this.locate(path, { followLast: true, createDir });
    if (place.stat === undefined) createDir(place.dirFd, place.name);
    return openAt(place.dirFd, place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  }
}

const SLASH = 0x2f;

function mkdir0755(dirFd: number, name: Buffer): void {
  mkdirAt(dirFd, name, 0o755);
}

const raceIs =
  (...errnos: number[]) =>
  (error: unknown): undefined => {
    if (!(error instanceof HostError) || !errnos.includes(error.errno)) throw error;
  };

function readlinkIfLink(dirFd: number, name: Buffer): Buffer | undefined {
  try {
    return readlinkAt(dirFd, name);
  } catch (error) {
    return raceIs(EINVAL, ENOENT)(error);
  }
}

function openIfDir(dirFd: number, name: Buffer): number | undefined {
  try {
    return openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    return raceIs(ENOTDIR, ELOOP, ENOENT)(error);
  }
}

function isName(name: Buffer, text: string): boolean {
  return name.length === text.length && name.toString('latin1') === text;
}

function open2(dirFd: number, path: Uint8Array, flags: number): number {
  how.writeBigUInt64LE(BigInt(flags | O_CLOEXEC), 0);
  how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS), 16);
  const bytes = cString(path.length === 0 ? DOT : path);
  for (;;) {
    const fd = openat2(SYS_OPENAT2, dirFd, bytes, how, 24);
    if (fd >= 0) return fd;
    const errno = lastErrno();
    // A rename or mount somewhere on the host raced with `..`: the kernel asks to try again.
    if (errno !== EAGAIN) throw new HostError('openat2', errno, printable(path));
  }
}

/** The components of a path as bytes, empty ones dropped. */
export function splitPath(path: Uint8Array): Buffer[] {
  const bytes = Buffer.from(path.buffer, path.byteOffset, path.byteLength);
  const parts: Buffer[] = [];
  let from = 0;
  while (from <= bytes.length) {
    const slash = bytes.indexOf(SLASH, from);
    const to = slash === -1 ? bytes.length : slash;
    if (to > from) parts.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return parts;
}

export function joinPath(parts: readonly Uint8Array[]): Buffer {
  const out: Uint8Array[] = [];
  parts.forEach((part, index) => {
    if (index > 0) out.push(SLASH_BYTES);
    out.push(part);
  });
  return Buffer.concat(out);
}

const SLASH_BYTES = Buffer.from('/');

/** Names in a folder, sorted by bytes. */
export function namesIn(dirFd: number): Buffer[] {
  return readdirSync(fdPath(dirFd), { encoding: 'buffer' }).sort(Buffer.compare);
}

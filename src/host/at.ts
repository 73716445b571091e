import { readFileSync } from 'node:fs';
import { checked, HostError, lastErrno, native } from './libc.ts';

/**
 * The *at family on one name below a directory fd, for code that holds pinned fds instead of paths. A name is bytes
 * without a slash (kernel rules apply), and the final component is never followed.
 */

const O_CLOEXEC = 0o2000000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const SYS_FCHMODAT2 = 452;
const EINVAL = 22;
const ENOSYS = 38;
const EOPNOTSUPP = 95;

export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_CREAT = 0o100;
export const O_EXCL = 0o200;
export const O_NONBLOCK = 0o4000;
/** These two differ between x86-64 and arm64. */
export const O_DIRECTORY = process.arch === 'arm64' ? 0o40000 : 0o200000;
export const O_NOFOLLOW = process.arch === 'arm64' ? 0o100000 : 0o400000;
export const O_PATH = 0o10000000;

export const S_IFMT = 0o170000;
export const S_IFSOCK = 0o140000;
export const S_IFLNK = 0o120000;
export const S_IFREG = 0o100000;
export const S_IFBLK = 0o060000;
export const S_IFDIR = 0o040000;
export const S_IFCHR = 0o020000;
export const S_IFIFO = 0o010000;

/** What statx(2) tells about one file. */
export interface FileStat {
  /** st_mode with the type bits. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  /** Bytes on disk. */
  allocatedBytes: number;
  mtimeSec: number;
  mtimeNsec: number;
  links: number;
  /** Tells one inode from every other on this host. */
  inode: string;
  deviceMajor: number;
  deviceMinor: number;
}

export interface FileTime {
  sec: number;
  nsec: number;
}

const c = {
  openat: native('int openat(int dirfd, const void *path, int flags, unsigned int mode)'),
  close: native('int close(int fd)'),
  mkdirat: native('int mkdirat(int dirfd, const void *path, unsigned int mode)'),
  mknodat: native('int mknodat(int dirfd, const void *path, unsigned int mode, unsigned long dev)'),
  symlinkat: native('int symlinkat(const void *target, int dirfd, const void *path)'),
  linkat: native('int linkat(int olddirfd, const void *old, int newdirfd, const void *path, int flags)'),
  renameat: native('int renameat(int olddirfd, const void *old, int newdirfd, const void *path)'),
  unlinkat: native('int unlinkat(int dirfd, const void *path, int flags)'),
  fchownat: native('int fchownat(int dirfd, const void *path, unsigned int uid, unsigned int gid, int flags)'),
  fchmod: native('int fchmod(int fd, unsigned int mode)'),
  chmod: native('int chmod(const void *path, unsigned int mode)'),
  fchmodat2: native('long syscall(long number, int dirfd, const void *path, unsigned int mode, unsigned int flags)'),
  futimens: native('int futimens(int fd, const void *times)'),
  utimensat: native('int utimensat(int dirfd, const void *path, const void *times, int flags)'),
  statx: native('int statx(int dirfd, const void *path, int flags, unsigned int mask, void *buffer)'),
  readlinkat: native('long readlinkat(int dirfd, const void *path, void *buffer, unsigned long size)'),
};

/** NUL-terminated copy. @throws HostError EINVAL when the bytes hold a NUL: the kernel would see another name. */
export function cString(bytes: Uint8Array): Buffer {
  if (bytes.indexOf(0) !== -1) throw new HostError('path', EINVAL, printable(bytes));
  const out = Buffer.allocUnsafe(bytes.length + 1);
  out.set(bytes);
  out[bytes.length] = 0;
  return out;
}

/** A name for a message: UTF-8 where it is, one line, bounded. */
export function printable(name: Uint8Array): string {
  return JSON.stringify(Buffer.from(name.buffer, name.byteOffset, Math.min(name.length, 300)).toString()).slice(1, -1);
}

/** The path that names `name` below an open fd, for calls that only take paths. */
export function fdPath(dirFd: number, name?: Uint8Array): Buffer {
  const base = Buffer.from(`/proc/self/fd/${dirFd}`);
  return name === undefined ? base : Buffer.concat([base, Buffer.from('/'), name]);
}

/** Close-on-exec always. With O_CREAT the mode is cut by the umask: chmod afterwards. */
export function openAt(dirFd: number, name: Uint8Array, flags: number, mode = 0): number {
  return checked(c.openat(dirFd, cString(name), flags | O_CLOEXEC, mode), 'openat', printable(name));
}

/** An O_PATH fd of a folder of the host's own. */
export function openFolder(path: string): number {
  return openAt(-100, Buffer.from(path), O_PATH | O_DIRECTORY);
}

export function closeFd(fd: number): void {
  c.close(fd);
}

export function mkdirAt(dirFd: number, name: Uint8Array, mode: number): void {
  checked(c.mkdirat(dirFd, cString(name), mode), 'mkdirat', printable(name));
}

/** `mode` with type bits. The device number is encoded as the kernel does it. */
export function mknodAt(dirFd: number, name: Uint8Array, mode: number, major = 0, minor = 0): void {
  const device =
    (BigInt(minor) & 0xffn) |
    ((BigInt(major) & 0xfffn) << 8n) |
    ((BigInt(minor) & ~0xffn) << 12n) |
    ((BigInt(major) & ~0xfffn) << 32n);
  checked(c.mknodat(dirFd, cString(name), mode, device), 'mknodat', printable(name));
}

export function symlinkAt(target: Uint8Array, dirFd: number, name: Uint8Array): void {
  checked(c.symlinkat(cString(target), dirFd, cString(name)), 'symlinkat', printable(name));
}

/** A symlink as `from` is linked itself. */
export function linkAt(fromFd: number, from: Uint8Array, dirFd: number, name: Uint8Array): void {
  checked(c.linkat(fromFd, cString(from), dirFd, cString(name), 0), 'linkat', printable(name));
}

export function renameAt(fromFd: number, from: Uint8Array, dirFd: number, name: Uint8Array): void {
  checked(c.renameat(fromFd, cString(from), dirFd, cString(name)), 'renameat', printable(name));
}

export function unlinkAt(dirFd: number, name: Uint8Array): void {
  checked(c.unlinkat(dirFd, cString(name), 0), 'unlinkat', printable(name));
}

export function rmdirAt(dirFd: number, name: Uint8Array): void {
  checked(c.unlinkat(dirFd, cString(name), AT_REMOVEDIR), 'rmdir', printable(name));
}

export function chownAt(dirFd: number, name: Uint8Array, uid: number, gid: number): void {
  checked(c.fchownat(dirFd, cString(name), uid, gid, AT_SYMLINK_NOFOLLOW), 'fchownat', printable(name));
}

export function chownFd(fd: number, uid: number, gid: number): void {
  checked(c.fchownat(fd, EMPTY, uid, gid, AT_EMPTY_PATH), 'fchown');
}

const EMPTY = Buffer.from('\0');

export function chmodFd(fd: number, mode: number): void {
  checked(c.fchmod(fd, mode & 0o7777), 'fchmod');
}

/** Never through a symlink and never opening the file: a device stays unopened. */
export function chmodAt(dirFd: number, name: Uint8Array, mode: number): void {
  const bits = mode & 0o7777;
  if (c.fchmodat2(SYS_FCHMODAT2, dirFd, cString(name), bits, AT_SYMLINK_NOFOLLOW) === 0) return;
  const errno = lastErrno();
  if (errno !== ENOSYS && errno !== EINVAL) throw new HostError('fchmodat2', errno, printable(name));
  const fd = openAt(dirFd, name, O_PATH | O_NOFOLLOW);
  try {
    if ((statFd(fd).mode & S_IFMT) === S_IFLNK) throw new HostError('fchmodat', EOPNOTSUPP, printable(name));
    checked(c.chmod(cString(fdPath(fd)), bits), 'chmod', printable(name));
  } finally {
    closeFd(fd);
  }
}

const times = Buffer.alloc(32);
const UTIME_OMIT = 0x3ffffffen;

function timespecs(mtime: FileTime): Buffer {
  times.writeBigInt64LE(0n, 0);
  times.writeBigInt64LE(UTIME_OMIT, 8);
  times.writeBigInt64LE(BigInt(mtime.sec), 16);
  times.writeBigInt64LE(BigInt(mtime.nsec), 24);
  return times;
}

/** Sets the modification time, to the nanosecond. */
export function utimesAt(dirFd: number, name: Uint8Array, mtime: FileTime): void {
  checked(c.utimensat(dirFd, cString(name), timespecs(mtime), AT_SYMLINK_NOFOLLOW), 'utimensat', printable(name));
}

export function utimesFd(fd: number, mtime: FileTime): void {
  checked(c.futimens(fd, timespecs(mtime)), 'futimens');
}

const statBuffer = Buffer.alloc(256);

function decodeStat(): FileStat {
  const b = statBuffer;
  return {
    links: b.readUInt32LE(16),
    uid: b.readUInt32LE(20),
    gid: b.readUInt32LE(24),
    mode: b.readUInt16LE(28),
    sizeBytes: Number(b.readBigUInt64LE(40)),
    allocatedBytes: Number(b.readBigUInt64LE(48)) * 512,
    mtimeSec: Number(b.readBigInt64LE(112)),
    mtimeNsec: b.readUInt32LE(120),
    deviceMajor: b.readUInt32LE(128),
    deviceMinor: b.readUInt32LE(132),
    inode: `${b.readUInt32LE(136)}:${b.readUInt32LE(140)}:${b.readBigUInt64LE(32)}`,
  };
}

/** @throws HostError ENOENT among others */
export function statAt(dirFd: number, name: Uint8Array): FileStat {
  checked(c.statx(dirFd, cString(name), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBuffer), 'statx', printable(name));
  return decodeStat();
}

/** As `statAt`; undefined when there is nothing. */
export function findStatAt(dirFd: number, name: Uint8Array): FileStat | undefined {
  if (c.statx(dirFd, cString(name), AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, statBuffer) === 0) return decodeStat();
  const errno = lastErrno();
  if (errno === ENOENT) return undefined;
  throw new HostError('statx', errno, printable(name));
}

const ENOENT = 2;

export function statFd(fd: number): FileStat {
  checked(c.statx(fd, EMPTY, AT_EMPTY_PATH, STATX_BASIC_STATS, statBuffer), 'statx');
  return decodeStat();
}

export function readlinkAt(dirFd: number, name: Uint8Array): Buffer {
  const buffer = Buffer.allocUnsafe(4096);
  const length = checked(c.readlinkat(dirFd, cString(name), buffer, buffer.length), 'readlinkat', printable(name));
  return Buffer.from(buffer.subarray(0, length));
}

/**
 * Opens a regular file to read, links not followed; undefined when it is anything else. FIFOs, sockets and devices are
 * never opened, not even when the name is swapped meanwhile: the type is read from the pinned inode.
 */
export function openRegularAt(dirFd: number, name: Uint8Array): { fd: number; stat: FileStat } | undefined {
  const pinned = openAt(dirFd, name, O_PATH | O_NOFOLLOW);
  try {
    return reopenRegular(pinned);
  } finally {
    closeFd(pinned);
  }
}

/** The same for an O_PATH fd, which stays the caller's. */
export function reopenRegular(pinned: number): { fd: number; stat: FileStat } | undefined {
  const stat = statFd(pinned);
  if ((stat.mode & S_IFMT) !== S_IFREG) return undefined;
  return { fd: checked(c.openat(-100, cString(fdPath(pinned)), O_RDONLY | O_CLOEXEC, 0), 'open'), stat };
}

/** Boot id of this boot: what was not synced before another one may be torn. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

import {
  chownAt,
  closeFd,
  type FileStat,
  findStatAt,
  HostError,
  namesIn,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_RDONLY,
  openAt,
  readlinkAt,
  rmdirAt,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  splitPath,
  statFd,
  symlinkAt,
  unlinkAt,
  utimesAt,
} from '../../host/index.ts';

/** Where the runtime mounts over every step's root, or the engine makes a file for a container. */
const TARGETS = [
  '/proc',
  '/sys',
  '/dev/pts',
  '/dev/shm',
  '/dev/console',
  '/etc/hosts',
  '/etc/resolv.conf',
  '/etc/hostname',
  '/etc/mtab',
  '/.dockerenv',
];

/** `/etc/mtab` is made as this link. */
const MTAB = { name: Buffer.from('mtab'), target: Buffer.from('/proc/mounts') };

interface Watched {
  /** The mount point. */
  parts: readonly Buffer[];
  /** How many of its components were there. */
  depth: number;
  /** How the last of those looked before. */
  folder: FileStat;
  names: string;
  /** A link that was next and was taken away, to be put back. */
  link: { target: Buffer; stat: FileStat } | undefined;
}

/**
 * Prepares a root for a step, and afterwards makes it as if nothing but the step had happened, so that only what the step
 * changed is in the layer.
 *
 * Before: links at mount points (or on the way to them) are taken away, because a mount must not be led somewhere else.
 * After (`restore`): stubs that the runtime made and that are still empty go, the links come back, and a folder that
 * holds what it held before gets its old time.
 *
 * Every step down goes by an open directory fd with O_NOFOLLOW, so a link put there by the step leads nowhere.
 */
export function guardMountPoints(root: string, extraTargets: readonly string[] = []): { restore(): void } {
  const watched = [...TARGETS, ...extraTargets].flatMap(
    (target) => watchTarget(root, splitPath(Buffer.from(target))) ?? [],
  );
  return {
    restore() {
      for (const entry of watched) removeStub(root, entry);
      for (const entry of watched) restoreFolder(root, entry);
    },
  };
}

/** Undefined when the target is there for real. */
function watchTarget(root: string, parts: readonly Buffer[]): Watched | undefined {
  for (const [depth, name] of parts.entries()) {
    const found = withFolder(root, parts.slice(0, depth), (fd): Watched | 'deeper' | undefined => {
      const stat = findStatAt(fd, name);
      if (isType(stat, S_IFDIR)) return 'deeper';
      if (stat !== undefined && !isType(stat, S_IFLNK)) return undefined;
      const before = { parts, depth, folder: statFd(fd), names: listed(fd) };
      if (stat === undefined) return { ...before, link: undefined };
      const link = { target: readlinkAt(fd, name), stat };
      unlinkAt(fd, name);
      return { ...before, link };
    });
    if (found !== 'deeper') return found;
  }
  return undefined;
}

/** The mount point itself if it is empty, then the folders made on the way to it if they are. */
function removeStub(root: string, { parts, depth }: Watched): void {
  for (const [level, name] of [...parts.entries()].toReversed()) {
    if (level >= depth) withFolder(root, parts.slice(0, level), (fd) => removeEmpty(fd, name));
  }
}

function removeEmpty(fd: number, name: Buffer): void {
  const stat = findStatAt(fd, name);
  if (isType(stat, S_IFREG) && stat?.sizeBytes === 0) unlinkAt(fd, name);
  else if (isType(stat, S_IFDIR)) removeEmptyFolder(fd, name);
  else if (isType(stat, S_IFLNK) && name.equals(MTAB.name) && readlinkAt(fd, name).equals(MTAB.target)) {
    unlinkAt(fd, name);
  }
}

function removeEmptyFolder(fd: number, name: Buffer): void {
  try {
    rmdirAt(fd, name);
  } catch (error) {
    if (!(error instanceof HostError) || (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST')) throw error;
  }
}

function restoreFolder(root: string, { parts, depth, folder, names, link }: Watched): void {
  withFolder(root, parts.slice(0, depth), (fd) => {
    const name = parts[depth];
    if (link !== undefined && name !== undefined && findStatAt(fd, name) === undefined) {
      symlinkAt(link.target, fd, name);
      chownAt(fd, name, link.stat.uid, link.stat.gid);
      utimesAt(fd, name, { sec: link.stat.mtimeSec, nsec: link.stat.mtimeNsec });
    }
    if (listed(fd) === names) utimesAt(fd, HERE, { sec: folder.mtimeSec, nsec: folder.mtimeNsec });
  });
}

const isType = (stat: FileStat | undefined, type: number): boolean =>
  stat !== undefined && (stat.mode & S_IFMT) === type;

const listed = (fd: number): string =>
  Buffer.concat(namesIn(fd).flatMap((name) => [name, Buffer.of(0)])).toString('latin1');

function openFolder(dirFd: number, name: Buffer): number | undefined {
  try {
    return openAt(dirFd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (error instanceof HostError) return undefined;
    throw error;
  }
}

/** Undefined when a component is missing or is not a folder. */
function withFolder<T>(root: string, parts: readonly Buffer[], work: (fd: number) => T): T | undefined {
  let fd = openFolder(AT_FDCWD, Buffer.from(root));
  for (const part of parts) {
    if (fd === undefined) return undefined;
    const next = openFolder(fd, part);
    closeFd(fd);
    fd = next;
  }
  if (fd === undefined) return undefined;
  try {
    return work(fd);
  } finally {
    closeFd(fd);
  }
}

/** `root` is an absolute path of ours. */
const AT_FDCWD = -100;
const HERE = Buffer.from('.');

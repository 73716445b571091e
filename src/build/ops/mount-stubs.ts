import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lchownSync,
  lstatSync,
  lutimesSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmdirSync,
  type Stats,
  symlinkSync,
  unlinkSync,
} from 'node:fs';

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
const MTAB = '/proc/mounts';

interface Watched {
  /** The mount point. */
  parts: readonly string[];
  /** How many of its components were there. */
  depth: number;
  /** How the last of those looked before. */
  folder: Stats;
  names: string;
  /** A link that was next and was taken away, to be put back. */
  link: { text: string; stat: BigIntStats } | undefined;
}

/**
 * Prepares a root for a step, and afterwards makes it as if nothing but the step had happened, so that only what the step
 * changed is in the layer.
 *
 * Before: links at mount points (or on the way to them) are taken away, because a mount must not be led somewhere else.
 * After (`restore`): stubs that the runtime made and that are still empty go, the links come back, and a folder that
 * holds what it held before gets its old times.
 *
 * Every step down goes by an open directory fd with O_NOFOLLOW, so a link put there by the step leads nowhere.
 */
export function guardMountPoints(root: string, extraTargets: readonly string[] = []): { restore(): void } {
  const watched = [...TARGETS, ...extraTargets].flatMap((target) => {
    return (
      watchTarget(
        root,
        target.split('/').filter((part) => part !== ''),
      ) ?? []
    );
  });
  return {
    restore() {
      for (const entry of watched) removeStub(root, entry);
      for (const entry of watched) restoreFolder(root, entry);
    },
  };
}

/** Undefined when the target is there for real. */
function watchTarget(root: string, parts: readonly string[]): Watched | undefined {
  for (let depth = 0; depth < parts.length; depth++) {
    const found = withFolder(root, parts.slice(0, depth), (fd): Watched | 'deeper' | undefined => {
      const path = at(fd, parts[depth] ?? '');
      const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
      if (stat?.isDirectory()) return 'deeper';
      if (stat !== undefined && !stat.isSymbolicLink()) return undefined;
      const before = { parts, depth, folder: fstatSync(fd), names: namesIn(fd) };
      if (stat === undefined) return { ...before, link: undefined };
      const link = { text: readlinkSync(path), stat };
      unlinkSync(path);
      return { ...before, link };
    });
    if (found !== 'deeper') return found;
  }
  return undefined;
}

/** The mount point itself if it is empty, then the folders made on the way to it if they are. */
function removeStub(root: string, { parts, depth }: Watched): void {
  for (let level = parts.length; level > depth; level--) {
    withFolder(root, parts.slice(0, level - 1), (fd) => removeEmpty(at(fd, parts[level - 1] ?? ''), parts));
  }
}

function removeEmpty(path: string, parts: readonly string[]): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() && stat.size === 0) unlinkSync(path);
  else if (stat?.isDirectory() && readdirSync(path).length === 0) rmdirSync(path);
  else if (stat?.isSymbolicLink() && parts.at(-1) === 'mtab' && readlinkSync(path) === MTAB) unlinkSync(path);
}

function restoreFolder(root: string, { parts, depth, folder, names, link }: Watched): void {
  withFolder(root, parts.slice(0, depth), (fd) => {
    const path = at(fd, parts[depth] ?? '');
    if (link !== undefined && lstatSync(path, { throwIfNoEntry: false }) === undefined) {
      symlinkSync(link.text, path);
      lchownSync(path, Number(link.stat.uid), Number(link.stat.gid));
      lutimesSync(path, Number(link.stat.atimeMs) / 1000, Number(link.stat.mtimeMs) / 1000);
    }
    if (namesIn(fd) === names) futimesSync(fd, folder.atimeMs / 1000, folder.mtimeMs / 1000);
  });
}

const at = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;

const namesIn = (fd: number): string => readdirSync(at(fd, '.')).toSorted().join('\0');

function openFolder(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch {
    return undefined;
  }
}

/** Undefined when a component is missing or is not a folder. */
function withFolder<T>(root: string, parts: readonly string[], work: (fd: number) => T): T | undefined {
  let fd = openFolder(root);
  for (const part of parts) {
    if (fd === undefined) return undefined;
    const next = openFolder(at(fd, part));
    closeSync(fd);
    fd = next;
  }
  if (fd === undefined) return undefined;
  try {
    return work(fd);
  } finally {
    closeSync(fd);
  }
}

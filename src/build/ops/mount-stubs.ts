import {
  closeSync,
  constants,
  fstatSync,
  futimesSync,
  lstatSync,
  openSync,
  readdirSync,
  rmdirSync,
  type Stats,
  unlinkSync,
} from 'node:fs';

/** Where the runtime binds or mounts something over every step's root. */
const TARGETS = ['/etc/hosts', '/etc/resolv.conf', '/etc/hostname', '/proc', '/sys', '/dev'];

interface Missing {
  /** Path components up to and with the first one that is not there. */
  parts: string[];
  /** How its folder looked before. */
  folder: Stats;
  names: string;
}

/**
 * Mount points that the root lacks. The runtime makes them (an empty file or folder each), and they must not end up in
 * the layer; `remove` takes away those that are still empty and were not there before, and when the folder holds what it
 * held before gives it its old times back.
 *
 * Every step down goes by an open directory fd with O_NOFOLLOW, so a link put there by the step leads nowhere.
 */
export function watchMountStubs(root: string, extraTargets: readonly string[] = []): { remove(): void } {
  const missing = new Map<string, Missing>();
  for (const target of [...TARGETS, ...extraTargets]) {
    const found = firstMissing(
      root,
      target.split('/').filter((part) => part !== ''),
    );
    if (found !== undefined) missing.set(found.parts.join('/'), found);
  }
  return {
    remove() {
      for (const entry of missing.values()) removeStub(root, entry);
    },
  };
}

function firstMissing(root: string, parts: string[]): Missing | undefined {
  for (let depth = 1; depth <= parts.length; depth++) {
    const found = withFolder(root, parts.slice(0, depth - 1), (fd) => {
      const name = parts[depth - 1] ?? '';
      const stat = lstatSync(at(fd, name), { throwIfNoEntry: false });
      if (stat === undefined) {
        return { parts: parts.slice(0, depth), folder: fstatSync(fd), names: readdirSync(at(fd, '.')).join('\0') };
      }
      return stat.isDirectory() ? 'deeper' : 'there';
    });
    if (found === undefined || found === 'there') return undefined;
    if (found !== 'deeper') return found;
  }
  return undefined;
}

function removeStub(root: string, { parts, folder, names }: Missing): void {
  withFolder(root, parts.slice(0, -1), (fd) => {
    removeEmpty(fd, parts.at(-1) ?? '');
    if (readdirSync(at(fd, '.')).join('\0') === names) futimesSync(fd, folder.atimeMs / 1000, folder.mtimeMs / 1000);
  });
}

/** Removes an empty file, or a folder that holds nothing but such. */
function removeEmpty(fd: number, name: string): void {
  const stat = lstatSync(at(fd, name), { throwIfNoEntry: false });
  if (stat?.isFile() && stat.size === 0) unlinkSync(at(fd, name));
  if (!stat?.isDirectory()) return;
  const inner = openFolder(at(fd, name));
  if (inner === undefined) return;
  try {
    for (const child of readdirSync(at(inner, '.'))) removeEmpty(inner, child);
    if (readdirSync(at(inner, '.')).length === 0) rmdirSync(at(fd, name));
  } finally {
    closeSync(inner);
  }
}

const at = (fd: number, name: string): string => `/proc/self/fd/${fd}/${name}`;

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

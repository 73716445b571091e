import {
  closeFd,
  type FileStat,
  findStatAt,
  getXattr,
  namesIn,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  readlinkAt,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFSOCK,
} from '../../host/index.ts';
import type { LowerView } from './lower-view.ts';
import { isOverlayWhiteout } from './lower-view.ts';

/** Docker's numbers. */
export const MODIFIED = 0;
export const ADDED = 1;
export const DELETED = 2;

export interface TreeChange {
  /** Relative. */
  path: Buffer;
  kind: 0 | 1 | 2;
}

const SLASH = Buffer.from('/');
const isDir = (stat: FileStat): boolean => (stat.mode & S_IFMT) === S_IFDIR;
const childPath = (path: Buffer, name: Buffer): Buffer =>
  path.length === 0 ? name : Buffer.concat([path, SLASH, name]);

/** Same owner, mode and time; for what is not a folder also size and device. */
function isAlike(a: FileStat, b: FileStat): boolean {
  if (a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid) return false;
  if (a.mtimeSec !== b.mtimeSec || a.mtimeNsec !== b.mtimeNsec) return false;
  if (isDir(a)) return true;
  return a.sizeBytes === b.sizeBytes && a.deviceMajor === b.deviceMajor && a.deviceMinor === b.deviceMinor;
}

function openDir(parentFd: number, name: Buffer): number {
  return openAt(parentFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

/**
 * What an overlay's upper folder changes in the view below it: a folder only copied up is not a change, but the folders above
 * a change are, as in `docker diff`.
 */
export function overlayChanges(upperFd: number, lower: LowerView): TreeChange[] {
  const out: TreeChange[] = [];
  const visit = (dirFd: number, path: Buffer): void => {
    for (const name of namesIn(dirFd)) {
      const stat = findStatAt(dirFd, name);
      if (stat === undefined) continue;
      const child = childPath(path, name);
      if (isOverlayWhiteout(stat)) {
        out.push({ path: child, kind: DELETED });
        continue;
      }
      const before = lower.find(child);
      const at = out.length;
      out.push({ path: child, kind: before === undefined ? ADDED : MODIFIED });
      if (isDir(stat)) {
        const fd = openDir(dirFd, name);
        try {
          visit(fd, child);
        } finally {
          closeFd(fd);
        }
        if (out.length === at + 1 && before !== undefined && isAlike(stat, before)) out.pop();
      }
    }
  };
  visit(upperFd, Buffer.alloc(0));
  return out;
}

/** What differs between two whole trees, in byte order, folders above a change included. */
export function treeChanges(newFd: number, oldFd: number | undefined): TreeChange[] {
  const out: TreeChange[] = [];
  const visit = (dirFd: number, beforeFd: number | undefined, path: Buffer): void => {
    const names = namesIn(dirFd);
    const old = beforeFd === undefined ? [] : namesIn(beforeFd);
    const present = new Set(names.map((name) => name.toString('latin1')));
    const gone = old.filter((name) => !present.has(name.toString('latin1')));
    for (const name of [...names, ...gone].sort(Buffer.compare)) {
      const child = childPath(path, name);
      const stat = findStatAt(dirFd, name);
      const before = beforeFd === undefined ? undefined : findStatAt(beforeFd, name);
      if (stat === undefined) {
        if (before !== undefined) out.push({ path: child, kind: DELETED });
        continue;
      }
      if ((stat.mode & S_IFMT) === S_IFSOCK) continue;
      const at = out.length;
      out.push({ path: child, kind: before === undefined ? ADDED : MODIFIED });
      const isSame = before !== undefined && beforeFd !== undefined && isEqual(dirFd, beforeFd, name, stat, before);
      if (isDir(stat)) {
        const fd = openDir(dirFd, name);
        const under =
          before !== undefined && beforeFd !== undefined && isDir(before) ? openDir(beforeFd, name) : undefined;
        try {
          visit(fd, under, child);
        } finally {
          closeFd(fd);
          if (under !== undefined) closeFd(under);
        }
      }
      if (isSame && out.length === at + 1) out.pop();
    }
  };
  visit(newFd, oldFd, Buffer.alloc(0));
  return out;
}

function isEqual(newFd: number, oldFd: number, name: Buffer, stat: FileStat, before: FileStat): boolean {
  if (!isAlike(stat, before)) return false;
  if ((stat.mode & S_IFMT) === S_IFLNK) return readlinkAt(newFd, name).equals(readlinkAt(oldFd, name));
  const [a, b] = [newFd, oldFd].map((fd) => getXattr(fd, name, 'security.capability')?.toString('latin1'));
  return a === b;
}

import {
  closeFd,
  type FileStat,
  findStatAt,
  getXattr,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  RootedFs,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
  splitPath,
} from '../../host/index.ts';
import { OPAQUE_XATTR } from './xattrs.ts';

/** The kernel's mark that a name of the lower layers is gone. */
export function isOverlayWhiteout(stat: FileStat): boolean {
  return (stat.mode & S_IFMT) === S_IFCHR && stat.deviceMajor === 0 && stat.deviceMinor === 0;
}

/** The kernel's mark that nothing of the lower layers shows in a folder. It also sets it on folders that hide nothing. */
export function isOverlayOpaque(dirFd: number, name: Buffer): boolean {
  return getXattr(dirFd, name, OPAQUE_XATTR)?.toString() === 'y';
}

/** What the layers below show, asked path by path without mounting them. */
export class LowerView implements Disposable {
  readonly #layers: RootedFs[];

  /** Top first. */
  constructor(dirs: readonly string[]) {
    this.#layers = dirs.map((dir) => RootedFs.open(dir));
  }

  [Symbol.dispose](): void {
    for (const layer of this.#layers) layer[Symbol.dispose]();
  }

  find(path: Buffer): FileStat | undefined {
    const parts = splitPath(path);
    for (const layer of this.#layers) {
      const found = inLayer(layer.fd, parts);
      if (found === 'hidden') return undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }

  hasFolder(path: Buffer): boolean {
    const stat = this.find(path);
    return stat !== undefined && (stat.mode & S_IFMT) === S_IFDIR;
  }
}

/** Undefined: this layer says nothing, ask the next. */
function inLayer(rootFd: number, parts: readonly Buffer[]): FileStat | 'hidden' | undefined {
  let fd = rootFd;
  let isOpaque = false;
  try {
    for (const [index, part] of parts.entries()) {
      const stat = findStatAt(fd, part);
      if (stat === undefined) return isOpaque ? 'hidden' : undefined;
      if (isOverlayWhiteout(stat)) return 'hidden';
      if (index === parts.length - 1) return stat;
      if ((stat.mode & S_IFMT) !== S_IFDIR) return 'hidden';
      isOpaque ||= isOverlayOpaque(fd, part);
      const next = openAt(fd, part, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (fd !== rootFd) closeFd(fd);
      fd = next;
    }
    return undefined;
  } finally {
    if (fd !== rootFd) closeFd(fd);
  }
}

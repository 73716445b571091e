import {
  closeFd,
  getXattr,
  namesIn,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  type RootedFs,
  S_IFCHR,
  S_IFDIR,
  S_IFMT,
  statAt,
} from '../../host/index.ts';
import { OPAQUE_XATTR } from './xattrs.ts';

export interface Change {
  path: string;
  kind: 0 | 1 | 2;
}

/**
 * What an overlay's changes folder means against the folders below it, as `docker diff` lists it: a folder on the way to a
 * change counts as modified.
 */
export function listChanges(changesFd: number, lower: readonly RootedFs[]): Change[] {
  const changes: Change[] = [];
  const isBelow = (path: Buffer): boolean =>
    lower.some((root) => {
      try {
        using place = root.locate(path);
        return (
          place.stat !== undefined &&
          !((place.stat.mode & S_IFMT) === S_IFCHR && place.stat.deviceMajor === 0 && place.stat.deviceMinor === 0)
        );
      } catch {
        return false;
      }
    });
  const walk = (dirFd: number, prefix: string, isNew: boolean): void => {
    for (const name of namesIn(dirFd)) {
      const path = `${prefix}/${name.toString()}`;
      const stat = statAt(dirFd, name);
      const kind = stat.mode & S_IFMT;
      if (kind === S_IFCHR && stat.deviceMajor === 0 && stat.deviceMinor === 0) {
        changes.push({ path, kind: 2 });
        continue;
      }
      const wasThere = !isNew && isBelow(Buffer.from(path));
      changes.push({ path, kind: wasThere ? 0 : 1 });
      if (kind !== S_IFDIR) continue;
      const fd = openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      try {
        walk(fd, path, !wasThere || getXattr(dirFd, name, OPAQUE_XATTR)?.toString() === 'y');
      } finally {
        closeFd(fd);
      }
    }
  };
  walk(changesFd, '', false);
  return changes;
}

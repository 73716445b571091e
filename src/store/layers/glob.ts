import {
  closeFd,
  findStatAt,
  HostError,
  joinPath,
  type Located,
  namesIn,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  type RootedFs,
  S_IFDIR,
  S_IFMT,
} from '../../host/index.ts';
import { type Glob, hasGlobMeta, matchGlob, parseGlob } from '../../lib/index.ts';

/**
 * Paths that match a pattern, part by part (Go's filepath.Match; a part `**` is any number of folders), in byte order, without
 * a leading slash. Links are followed, inside the root, in parts without wildcards only.
 */
export function globBelow(root: RootedFs, pattern: string): string[] {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  const globs = parts.map((part): Glob | string => {
    if (part === '**') return '**';
    return hasGlobMeta(part) ? parseGlob(part) : part;
  });
  const found = new Set<string>();

  function visit(dirFd: number, path: Buffer[], index: number): void {
    const glob = globs[index];
    if (glob === undefined) return;
    const isLast = index === globs.length - 1;
    if (glob === '**' && !isLast) visit(dirFd, path, index + 1);
    if (typeof glob === 'string' && glob !== '**') {
      const name = Buffer.from(glob);
      if (findStatAt(dirFd, name) === undefined) return;
      if (isLast) found.add(textOf([...path, name]));
      else descend([...path, name], index + 1);
      return;
    }
    for (const name of namesIn(dirFd)) {
      const text = name.toString();
      if (typeof glob !== 'string' && !matchGlob(glob, text)) continue;
      const stat = findStatAt(dirFd, name);
      if (stat === undefined) continue;
      const child = [...path, name];
      if (isLast) found.add(textOf(child));
      if ((stat.mode & S_IFMT) !== S_IFDIR || (isLast && glob !== '**')) continue;
      const fd = openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      try {
        visit(fd, child, glob === '**' ? index : index + 1);
      } finally {
        closeFd(fd);
      }
    }
  }

  /** Into a folder named without wildcards: it may be a link. */
  function descend(path: Buffer[], index: number): void {
    let place: Located;
    try {
      place = root.locate(joinPath(path), { followLast: true });
    } catch (error) {
      // A link to nowhere matches nothing.
      if (error instanceof HostError) return;
      throw error;
    }
    try {
      if (place.stat === undefined || (place.stat.mode & S_IFMT) !== S_IFDIR) return;
      const fd = openAt(place.dirFd, place.name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
      try {
        visit(fd, path, index);
      } finally {
        closeFd(fd);
      }
    } finally {
      place[Symbol.dispose]();
    }
  }

  visit(root.fd, [], 0);
  return [...found].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

function textOf(path: readonly Buffer[]): string {
  return joinPath(path).toString();
}

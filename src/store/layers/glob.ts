import { closeFd, findStatAt, namesIn, type RootedFs, S_IFDIR, S_IFLNK, S_IFMT, statFd } from '../../host/index.ts';
import { hasGlobMeta, matchGlob, parseGlob } from '../../lib/index.ts';

/** Paths below a root that match a Go filepath.Match pattern, component by component; sorted, without a leading slash. */
export function globBelow(root: RootedFs, pattern: string): string[] {
  const parts = pattern.split('/').filter((part) => part !== '' && part !== '.');
  let found = [''];
  for (const part of parts) {
    const isPlain = !hasGlobMeta(part);
    const glob = parseGlob(part);
    found = found.flatMap((path) => {
      if (isPlain) return exists(root, path, part) ? [join(path, part)] : [];
      return namesBelow(root, path)
        .filter((name) => matchGlob(glob, name))
        .map((name) => join(path, name));
    });
  }
  return found.filter((path) => path !== '').sort();
}

const join = (path: string, name: string): string => (path === '' ? name : `${path}/${name}`);

function exists(root: RootedFs, path: string, name: string): boolean {
  const dir = root.findDir(Buffer.from(path));
  if (dir === undefined) return false;
  try {
    return name === '..' || findStatAt(dir, Buffer.from(name)) !== undefined;
  } finally {
    closeFd(dir);
  }
}

function namesBelow(root: RootedFs, path: string): string[] {
  let dir: number | undefined;
  try {
    dir = root.findDir(Buffer.from(path));
  } catch {
    return [];
  }
  if (dir === undefined) return [];
  try {
    const kind = statFd(dir).mode & S_IFMT;
    return kind === S_IFDIR || kind === S_IFLNK ? namesIn(dir).map((name) => name.toString()) : [];
  } finally {
    closeFd(dir);
  }
}

import { statSync } from 'node:fs';
import {
  closeFd,
  HostError,
  mkdirAt,
  O_CREAT,
  O_EXCL,
  O_NOFOLLOW,
  O_WRONLY,
  openAt,
  RootedFs,
  S_IFDIR,
  S_IFMT,
} from '../../host/index.ts';

export interface MountTarget {
  destination: string;
  /** What is mounted there: a folder, or a file. */
  isFile: boolean;
}

/** Makes sure each target exists below `root`, beneath it by construction: the runtime then has nothing to create. */
export function ensureMountTargets(root: string, targets: readonly MountTarget[]): void {
  using rooted = RootedFs.open(root);
  for (const { destination, isFile } of targets) ensure(rooted, Buffer.from(destination), isFile);
}

function ensure(rooted: RootedFs, path: Buffer, isFile: boolean): void {
  if (!isFile) {
    closeFd(rooted.ensureDir(path));
    return;
  }
  using place = rooted.locate(path, { followLast: true, createDir: (fd, name) => mkdirAt(fd, name, 0o755) });
  if (place.stat !== undefined) {
    if ((place.stat.mode & S_IFMT) === S_IFDIR) throw new HostError('mount', EISDIR, path.toString());
    return;
  }
  closeFd(openAt(place.dirFd, place.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644));
}

const EISDIR = 21;

export function isFile(hostPath: string): boolean {
  return statSync(hostPath, { throwIfNoEntry: false })?.isDirectory() === false;
}

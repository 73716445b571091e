import { invalidParameter } from '../../errors/index.ts';
import {
  closeFd,
  findStatAt,
  HostError,
  mkdirAt,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  openAt,
  RootedFs,
  rmdirAt,
  S_IFDIR,
  S_IFMT,
  statFd,
  unlinkAt,
  utimesAt,
} from '../../host/index.ts';
import type { MountTarget } from './targets.ts';

interface Made {
  /** Pinned: the folder it was made in. */
  parentFd: number;
  name: Buffer;
  isFile: boolean;
  parentTime: { sec: number; nsec: number };
}

/**
 * Mount points that a build step needs and its image lacks: made before it, taken away after it with the folder's time
 * put back, so that the layer shows nothing of them. What the step itself has filled stays.
 */
export class MountStubs {
  readonly #root: string;
  readonly #made: Made[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  /** With `noLinks` a target that is a symlink, or anything else than a folder, is refused. */
  ensure(targets: readonly MountTarget[], options: { noLinks?: boolean } = {}): void {
    using rooted = RootedFs.open(this.#root);
    for (const { destination, isFile } of targets) {
      using place = rooted.locate(Buffer.from(destination), {
        followLast: options.noLinks !== true,
        createDir: (fd, name) => this.#make(fd, name, false),
      });
      if (place.stat === undefined) {
        this.#make(place.dirFd, place.name, isFile);
        continue;
      }
      const isDir = (place.stat.mode & S_IFMT) === S_IFDIR;
      if (options.noLinks && !isDir)
        throw invalidParameter('bad-root', `${destination} of the image is not a directory`);
      if (isDir === isFile) throw new HostError('mount', isFile ? EISDIR : ENOTDIR, destination);
    }
  }

  remove(): void {
    for (const { parentFd, name, isFile, parentTime } of this.#made.splice(0).reverse()) {
      try {
        const stat = findStatAt(parentFd, name);
        const isDir = stat !== undefined && (stat.mode & S_IFMT) === S_IFDIR;
        if (isFile && stat !== undefined && !isDir && stat.sizeBytes === 0) unlinkAt(parentFd, name);
        else if (!isFile && isDir) rmdirAt(parentFd, name);
        else continue;
        utimesAt(parentFd, Buffer.from('.'), parentTime);
      } catch (error) {
        // Filled by the step: then it is the step's.
        if (!(error instanceof HostError)) throw error;
      } finally {
        closeFd(parentFd);
      }
    }
  }

  #make(dirFd: number, name: Buffer, isFile: boolean): void {
    const parentFd = openAt(dirFd, Buffer.from('.'), O_PATH | O_DIRECTORY);
    const { mtimeSec: sec, mtimeNsec: nsec } = statFd(parentFd);
    if (isFile) closeFd(openAt(dirFd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644));
    else mkdirAt(dirFd, name, 0o755);
    this.#made.push({ parentFd, name: Buffer.from(name), isFile, parentTime: { sec, nsec } });
  }
}

const EISDIR = 21;
const ENOTDIR = 20;

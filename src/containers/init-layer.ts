import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  chmodFd,
  closeFd,
  findStatAt,
  mkdirAt,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_WRONLY,
  openAt,
  RootedFs,
  S_IFDIR,
  S_IFMT,
  splitPath,
  symlinkAt,
  unlinkAt,
} from '../host/index.ts';
import type { Image } from '../images/index.ts';
import { SingleFlight } from '../lib/index.ts';
import { chainId, digestHex } from '../oci/index.ts';
import type { SnapshotKey, Snapshots } from '../store/index.ts';

type Kind = 'dir' | 'file' | { linkTo: string };

/**
 * What every container has under the names the runtime mounts on or the engine writes: real folders and files, whatever
 * the image put there. A symlink left at one of them would lead a mount somewhere else: this is a security control.
 */
const REAL: readonly [path: string, kind: Kind][] = [
  ['/dev/pts', 'dir'],
  ['/dev/shm', 'dir'],
  ['/proc', 'dir'],
  ['/sys', 'dir'],
  ['/.dockerenv', 'file'],
  ['/etc/resolv.conf', 'file'],
  ['/etc/hosts', 'file'],
  ['/etc/hostname', 'file'],
  ['/dev/console', 'file'],
  ['/etc/mtab', { linkTo: '/proc/mounts' }],
];

/** One committed layer per image, `init-<chain id>`, shared by its containers: a start then is one `prepare` on top. */
export class InitLayers {
  readonly #snapshots: Snapshots;
  readonly #mountRoot: string;
  readonly #flight = new SingleFlight<SnapshotKey, void>();
  readonly #known = new Set<SnapshotKey>();

  constructor(snapshots: Snapshots, execDir: string) {
    this.#snapshots = snapshots;
    this.#mountRoot = join(execDir, 'mounts');
  }

  /** The init layer of `image`, made if it is not there. */
  async ensure(image: Image): Promise<SnapshotKey> {
    const chain = chainId(image.layers.map((layer) => layer.diffId));
    const key = `init-${chain === undefined ? 'scratch' : digestHex(chain)}` as SnapshotKey;
    if (this.#known.has(key) && (await this.#snapshots.find(key)) !== undefined) return key;
    await this.#flight.run(key, () => this.#make(key, image.layers.at(-1)?.snapshot));
    this.#known.add(key);
    return key;
  }

  /** Init layers on top of an image's last layer: to be removed before it. Idempotent; fails while a container uses it. */
  async remove(parent: SnapshotKey): Promise<void> {
    for (const { key, parent: under } of await this.#snapshots.list()) {
      if (under !== parent || !key.startsWith('init-')) continue;
      this.#known.delete(key);
      await this.#snapshots.remove(key);
    }
  }

  async #make(key: SnapshotKey, parent: SnapshotKey | undefined): Promise<void> {
    if ((await this.#snapshots.find(key)) !== undefined) return;
    const work = `${key}-new` as SnapshotKey;
    // Left over from a daemon that was killed here.
    await this.#snapshots.remove(work);
    const mount = await this.#snapshots.prepare(work, parent);
    const target = join(this.#mountRoot, work);
    mkdirSync(target, { recursive: true, mode: 0o700 });
    mount.mount(target);
    try {
      writeInitLayer(target);
    } finally {
      mount.unmount(target);
    }
    await this.#snapshots.commit(key, work);
    await this.#snapshots.sync();
  }
}

export function writeInitLayer(root: string): void {
  using rooted = RootedFs.open(root);
  for (const [path, kind] of REAL) makeReal(rooted.fd, splitPath(Buffer.from(path)), kind);
}

/** Walks down by name, never through a link: what is in the way and no folder is unlinked. */
function makeReal(rootFd: number, parts: Buffer[], kind: Kind): void {
  const [name, ...rest] = parts;
  if (name === undefined) return;
  const isLast = rest.length === 0;
  const stat = findStatAt(rootFd, name);
  const isDir = stat !== undefined && (stat.mode & S_IFMT) === S_IFDIR;
  if (stat !== undefined && !isDir) unlinkAt(rootFd, name);
  if (isLast && kind !== 'dir') {
    if (isDir) return;
    if (kind === 'file') createFile(rootFd, name);
    else symlinkAt(Buffer.from(kind.linkTo), rootFd, name);
    return;
  }
  if (!isDir) mkdirAt(rootFd, name, 0o755);
  const fd = openAt(rootFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  try {
    makeReal(fd, rest, kind);
  } finally {
    closeFd(fd);
  }
}

function createFile(dirFd: number, name: Buffer): void {
  const fd = openAt(dirFd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o755);
  try {
    chmodFd(fd, 0o755);
  } finally {
    closeFd(fd);
  }
}

import { invalidParameter } from '../errors/index.ts';
import { mkdirAt, RootedFs, readlinkAt, S_IFDIR, S_IFLNK, S_IFMT } from '../host/index.ts';

export interface MountedFolder {
  destination: string;
  /** The host folder behind it; undefined for file systems of the kernel's and fresh tmpfs. */
  hostPath: string | undefined;
}

const MAX_LINKS = 40;
/** Below these, a path can name an open file of the starting process (CVE-2024-21626). */
const FORBIDDEN = /^\/(proc\/(self|thread-self|[0-9]+)|dev\/(fd|stdin|stdout|stderr))(\/|$)/;

/**
 * The working directory as a path without links, as the container will see it: through its root and its mounts, each
 * component resolved by name. Missing folders are made, owned by root.
 * @throws invalid-parameter `bad-working-dir`
 */
export function resolveWorkingDir(cwd: string, rootfs: string, mounts: readonly MountedFolder[]): string {
  let done: string[] = [];
  const pending = cwd.split('/').reverse();
  let links = 0;
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const candidate = `/${[...done, name].join('/')}`;
    if (FORBIDDEN.test(candidate)) throw unreachable(cwd);
    const link = enter(candidate, rootfs, mounts, cwd);
    if (link === undefined) {
      done.push(name);
      continue;
    }
    if (++links > MAX_LINKS) throw unreachable(cwd);
    if (link.startsWith('/')) done = [];
    pending.push(...link.split('/').reverse());
  }
  return `/${done.join('/')}`;
}

/** Undefined when `path` is a folder (now); the link's target when it is a link. Its parents hold no links. */
function enter(path: string, rootfs: string, mounts: readonly MountedFolder[], asked: string): string | undefined {
  const mount = mounts
    .filter(({ destination }) => path === destination || path.startsWith(`${destination}/`))
    .sort((a, b) => b.destination.length - a.destination.length)[0];
  if (mount !== undefined && mount.hostPath === undefined) return undefined;
  const inside = mount === undefined ? path.slice(1) : path.slice(mount.destination.length + 1);
  if (inside === '') return undefined;
  using rooted = RootedFs.open(mount?.hostPath ?? rootfs);
  using place = rooted.locate(Buffer.from(inside));
  if (place.stat === undefined) mkdirAt(place.dirFd, place.name, 0o755);
  const type = (place.stat?.mode ?? S_IFDIR) & S_IFMT;
  if (type === S_IFDIR) return undefined;
  if (type === S_IFLNK) return readlinkAt(place.dirFd, place.name).toString();
  throw invalidParameter('bad-working-dir', `Cannot mkdir: ${asked} is not a directory`);
}

function unreachable(path: string): Error {
  return invalidParameter(
    'bad-working-dir',
    `the working directory '${path}' is invalid, it leads out of the container`,
  );
}

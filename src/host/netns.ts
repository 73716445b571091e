import { closeSync, openSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { checked, HostError, lastErrno, native } from './libc.ts';

const unshare = native('int unshare(int flags)');
const setns = native('int setns(int fd, int kind)');
const mount = native(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, void *data)',
);
const umount2 = native('int umount2(const char *target, int flags)');

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const NSFS_MAGIC = 0x6e736673;
const EINVAL = 22;
const ENOENT = 2;

let home: number | undefined;

/** The namespace the daemon started in; taken before it is ever left. */
function homeFd(): number {
  home ??= openSync('/proc/self/ns/net', 'r');
  return home;
}

/**
 * Back to the daemon's own namespace. A daemon that stays in a container's namespace would serve and firewall the wrong
 * network: there is no way on from a failure here.
 */
function goHome(fd: number): void {
  if (setns(fd, CLONE_NEWNET) !== 0) process.abort();
}

/**
 * A new network namespace, kept by a bind mount at `path` (which must not exist). `inside` runs in it before it is bound;
 * it must be synchronous and start nothing: threads and processes born inside would stay there. Undoes itself on failure.
 */
export function createNetworkNamespace<T>(path: string, inside: () => T): T {
  const back = homeFd();
  writeFileSync(path, '', { flag: 'wx', mode: 0o444 });
  try {
    checked(unshare(CLONE_NEWNET), 'unshare', 'network');
    try {
      checked(mount('/proc/thread-self/ns/net', path, 'none', MS_BIND, null), 'mount', path);
      return inside();
    } finally {
      goHome(back);
    }
  } catch (error) {
    removeNetworkNamespace(path);
    throw error;
  }
}

/** Runs `work` inside the namespace at `path`. Synchronous, and nothing may be started in it (see above). */
export function inNetworkNamespace<T>(path: string, work: () => T): T {
  const back = homeFd();
  const fd = openSync(path, 'r');
  try {
    checked(setns(fd, CLONE_NEWNET), 'setns', path);
    try {
      return work();
    } finally {
      goHome(back);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * Lets go of the namespace at `path`. The kernel takes it (and its links) apart in the background once its last process
 * and socket are gone; unlinking the mount point also detaches it in other mount namespaces. Idempotent.
 */
export function removeNetworkNamespace(path: string): void {
  if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) !== 0) {
    const errno = lastErrno();
    if (errno !== EINVAL && errno !== ENOENT) throw new HostError('umount2', errno, path);
  }
  rmSync(path, { force: true });
}

/** Is a namespace bound at `path`? */
export function isNetworkNamespace(path: string): boolean {
  try {
    return statfsSync(path).type === NSFS_MAGIC;
  } catch {
    return false;
  }
}

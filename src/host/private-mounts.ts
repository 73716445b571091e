import { closeSync, openSync } from 'node:fs';
import { checked, native } from './libc.ts';

const CLONE_NEWNS = 0x20000;
const MS_REC = 0x4000;
const MS_SLAVE = 1 << 19;
const MS_SHARED = 1 << 20;
const MNT_DETACH = 2;

const c = {
  unshare: native('int unshare(int flags)'),
  setns: native('int setns(int fd, int type)'),
  mount: native('int mount(void *source, const char *target, void *type, unsigned long flags, void *data)'),
  umount2: native('int umount2(const char *target, int flags)'),
  fchdir: native('int fchdir(int fd)'),
  chroot: native('int chroot(const char *path)'),
};

/**
 * Starts processes in a mount namespace of their own, a copy of ours (it follows our mounts and unmounts where those
 * propagate) without the mount at `without`. The calling thread visits the new namespace for the 0.2 ms that takes:
 * `start` must be synchronous and must only start processes; a thread made inside would stay there.
 *
 * A thread that shares its fs state (cwd, root, umask) cannot come back, so unshare(2) gives this one its own each time:
 * from then on a chdir or umask of it is not seen by the thread pool, nor by threads that were there before.
 */
export class PrivateMounts implements Disposable {
  readonly #home: number;
  readonly #root: number;
  readonly #without: string;

  constructor(without: string) {
    this.#without = without;
    this.#home = openSync('/proc/thread-self/ns/mnt', 'r');
    this.#root = openSync('/', 'r');
  }

  run<T>(start: () => T): T {
    const cwd = openSync('.', 'r');
    try {
      checked(c.unshare(CLONE_NEWNS), 'unshare');
      try {
        checked(c.mount(null, '/', null, MS_REC | MS_SLAVE, null), 'mount', 'make-rslave');
        checked(c.umount2(this.#without, MNT_DETACH), 'umount2', this.#without);
        return start();
      } finally {
        this.#comeBack(cwd);
      }
    } finally {
      closeSync(cwd);
    }
  }

  /** A daemon in the wrong namespace would mount and remove the wrong things: better none. */
  #comeBack(cwd: number): void {
    const isHome =
      c.setns(this.#home, CLONE_NEWNS) === 0 &&
      c.fchdir(this.#root) === 0 &&
      c.chroot('.') === 0 &&
      c.fchdir(cwd) === 0;
    if (!isHome) process.abort();
  }

  [Symbol.dispose](): void {
    closeSync(this.#home);
    closeSync(this.#root);
  }
}

/** Makes a mount point's mount shared, in a peer group of its own if it was private. */
export function shareMount(path: string): void {
  checked(c.mount(null, path, null, MS_SHARED, null), 'mount', `make-shared ${path}`);
}

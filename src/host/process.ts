import { closeSync } from 'node:fs';
import { checked, HostError, native } from './libc.ts';

/** Opaque glibc structures; their sizes on 64-bit Linux, rounded up. */
const ACTIONS_BYTES = 128;
const ATTRIBUTES_BYTES = 384;
const SIGSET_BYTES = 128;
const POSIX_SPAWN_SETSIGDEF = 0x04;
const POSIX_SPAWN_SETSIGMASK = 0x08;
const POSIX_SPAWN_SETSID = 0x80;
const F_DUPFD_CLOEXEC = 1030;
const WNOHANG = 1;

const c = {
  spawn: native(
    'int posix_spawn(_Out_ int *pid, const char *path, void *actions, void *attr, char **argv, char **env)',
  ),
  actionsInit: native('int posix_spawn_file_actions_init(void *actions)'),
  actionsDestroy: native('int posix_spawn_file_actions_destroy(void *actions)'),
  addDup2: native('int posix_spawn_file_actions_adddup2(void *actions, int from, int to)'),
  addOpen: native('int posix_spawn_file_actions_addopen(void *actions, int fd, const char *path, int flags, int mode)'),
  addChdir: native('int posix_spawn_file_actions_addchdir_np(void *actions, const char *path)'),
  addCloseFrom: native('int posix_spawn_file_actions_addclosefrom_np(void *actions, int from)'),
  attrInit: native('int posix_spawnattr_init(void *attr)'),
  attrDestroy: native('int posix_spawnattr_destroy(void *attr)'),
  attrFlags: native('int posix_spawnattr_setflags(void *attr, short flags)'),
  attrMask: native('int posix_spawnattr_setsigmask(void *attr, void *set)'),
  attrDefault: native('int posix_spawnattr_setsigdefault(void *attr, void *set)'),
  sigfillset: native('int sigfillset(void *set)'),
  sigemptyset: native('int sigemptyset(void *set)'),
  fcntl: native('int fcntl(int fd, int command, long argument)'),
  waitpid: native('int waitpid(int pid, _Out_ int *status, int options)'),
};

export interface SpawnRequest {
  /** Absolute; never looked up. */
  path: string;
  /** argv[0] included. */
  args: readonly string[];
  env: readonly string[];
  cwd: string;
  /** What the child's descriptors 0, 1, 2, … are: one of ours, or a path opened in the child. Every other one is closed. */
  fds: readonly (number | SpawnOpen)[];
}

/** Opened in the child, which leads a session of its own: a terminal opened so becomes its controlling one. */
export interface SpawnOpen {
  path: string;
  flags: number;
}

export interface Spawned {
  pid: number;
  /** 0–255, or 128+n for a signal. Resolves once it has been reaped. */
  ended: Promise<number>;
}

const waiting = new Map<number, (code: number) => void>();

/**
 * Starts a program in its own session by posix_spawn(3): default signal actions, empty signal mask, no descriptor but
 * those named. It costs 0.15 ms at any size of ours, where child_process.spawn grows with it.
 * @throws HostError
 */
export function spawnProcess(request: SpawnRequest): Spawned {
  // Before the child is there: one that ends at once must not end unheard.
  if (!process.listeners('SIGCHLD').includes(reap)) process.on('SIGCHLD', reap);
  using actions = fileActions(request);
  const out: [number] = [0];
  const failed = c.spawn(
    out,
    request.path,
    actions.buffer,
    spawnAttributes(),
    [...request.args, null],
    [...request.env, null],
  );
  if (failed !== 0) throw new HostError('posix_spawn', failed, request.path);
  const { promise, resolve } = Promise.withResolvers<number>();
  waiting.set(out[0], resolve);
  return { pid: out[0], ended: promise };
}

interface FileActions extends Disposable {
  buffer: Buffer;
}

function fileActions(request: SpawnRequest): FileActions {
  const buffer = Buffer.alloc(ACTIONS_BYTES);
  const moved: number[] = [];
  const done = (): void => {
    c.actionsDestroy(buffer);
    for (const fd of moved) closeSync(fd);
  };
  spawnChecked(c.actionsInit(buffer), 'posix_spawn_file_actions_init');
  try {
    // A source below the last target could be overwritten before its turn: it is moved out of the way.
    const sources = request.fds.map((fd) => {
      if (typeof fd !== 'number' || fd >= request.fds.length) return fd;
      const high = checked(c.fcntl(fd, F_DUPFD_CLOEXEC, 64), 'fcntl');
      moved.push(high);
      return high;
    });
    sources.forEach((source, target) => {
      if (typeof source === 'number') spawnChecked(c.addDup2(buffer, source, target), 'adddup2');
      else spawnChecked(c.addOpen(buffer, target, source.path, source.flags, 0), 'addopen');
    });
    spawnChecked(c.addCloseFrom(buffer, sources.length), 'addclosefrom');
    spawnChecked(c.addChdir(buffer, request.cwd), 'addchdir');
  } catch (error) {
    done();
    throw error;
  }
  return { buffer, [Symbol.dispose]: done };
}

let attributes: Buffer | undefined;

function spawnAttributes(): Buffer {
  if (attributes !== undefined) return attributes;
  const attr = Buffer.alloc(ATTRIBUTES_BYTES);
  const set = Buffer.alloc(SIGSET_BYTES);
  spawnChecked(c.attrInit(attr), 'posix_spawnattr_init');
  c.sigfillset(set);
  c.attrDefault(attr, set);
  c.sigemptyset(set);
  c.attrMask(attr, set);
  c.attrFlags(attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSID);
  attributes = attr;
  return attr;
}

function spawnChecked(errno: number, call: string): void {
  if (errno !== 0) throw new HostError(call, errno);
}

/** Waits only for pids of ours: child_process keeps its own. */
function reap(): void {
  for (const [pid, resolve] of [...waiting]) {
    const status: [number] = [0];
    const result = c.waitpid(pid, status, WNOHANG);
    if (result === 0) continue;
    waiting.delete(pid);
    resolve(result === -1 ? 255 : exitCodeOf(status[0]));
  }
}

/** Of a wait(2) status: the exit code, or 128 + the signal. */
function exitCodeOf(status: number): number {
  const signal = status & 0x7f;
  return signal === 0 ? (status >> 8) & 0xff : 128 + signal;
}

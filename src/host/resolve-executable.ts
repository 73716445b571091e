import { closeSync } from 'node:fs';
import { S_IFDIR, S_IFMT, S_IFREG, statFd } from './at.ts';
import { HostError } from './libc.ts';
import { RootedFs } from './rooted-fs.ts';

/** What the kernel would say to execve of a name inside a root file system. */
export type Executable = 'ok' | 'not-found' | 'is-directory' | 'not-executable';

export interface ExecutableQuery {
  /** The root, or /proc/PID/root for a running process: then its mounts are seen too. */
  root: string;
  name: string;
  /** For a relative name with a slash. */
  cwd: string;
  /** $PATH of the process. */
  searchPath: string | undefined;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const ANY_EXECUTE = 0o111;

/** Looks `name` up as execvp(3) does, beneath the root and never outside (openat2 RESOLVE_IN_ROOT). Opens nothing. */
export function resolveExecutable(query: ExecutableQuery): Executable {
  if (query.name === '') return 'not-found';
  using root = RootedFs.open(query.root);
  if (query.name.includes('/')) return look(root, absolute(query.cwd, query.name));
  // A search passes over what cannot be run, and calls the whole of it not found.
  for (const folder of (query.searchPath ?? DEFAULT_PATH).split(':')) {
    if (look(root, absolute(query.cwd, `${folder === '' ? '.' : folder}/${query.name}`)) === 'ok') return 'ok';
  }
  return 'not-found';
}

const absolute = (cwd: string, path: string): Buffer => Buffer.from(path.startsWith('/') ? path : `${cwd}/${path}`);

function look(root: RootedFs, path: Buffer): Executable {
  let fd: number;
  try {
    fd = root.openPath(path);
  } catch (error) {
    if (error instanceof HostError) return error.code === 'EACCES' ? 'not-executable' : 'not-found';
    throw error;
  }
  try {
    const { mode } = statFd(fd);
    if ((mode & S_IFMT) === S_IFDIR) return 'is-directory';
    return (mode & S_IFMT) === S_IFREG && (mode & ANY_EXECUTE) !== 0 ? 'ok' : 'not-executable';
  } finally {
    closeSync(fd);
  }
}

import { getSystemErrorName } from 'node:util';
import koffi from 'koffi';

const library = koffi.load('libc.so.6');

/** A libc call that failed: `errno` positive, `code` as in Node (`ENOENT`). */
export class HostError extends Error {
  readonly errno: number;
  readonly code: string;
  readonly syscall: string;

  constructor(syscall: string, errno: number, subject = '') {
    const code = getSystemErrorName(-errno);
    super(`${syscall}${subject === '' ? '' : ` ${subject}`}: ${code}`);
    this.name = 'HostError';
    this.errno = errno;
    this.code = code;
    this.syscall = syscall;
  }
}

export type Native = (...args: unknown[]) => number;

/**
 * Values that errno gets from the waits of Node's own threads (futex). V8 may take a lock between a call and the reading of
 * its errno: then the call seems to have failed for one of these.
 */
const DOUBTFUL: ReadonlySet<number> = new Set([0, 4, 11, 110]);
const MAX_TRIES = 4;

/**
 * Declares a libc function by its C prototype: `native('int mount(const char *source, …)')`. A call that failed had no effect,
 * so one whose errno is doubtful is made again: it fails as it must, or was interrupted (EINTR) and now succeeds. A real
 * EAGAIN comes back as one.
 */
export function native(prototype: string): Native {
  const call = library.func(prototype) as Native;
  const again: Native = (...args) => {
    let result = call(...args);
    for (let tries = 1; result === -1 && tries < MAX_TRIES && DOUBTFUL.has(koffi.errno()); tries++)
      result = call(...args);
    return result;
  };
  // koffi's own way to call from a thread of its pool (`call.async`) stays as it is.
  return Object.assign(again, call);
}

/** `result`, or the HostError that errno stands for when `result` is -1. Call it straight after the native call. */
export function checked(result: number, syscall: string, subject = ''): number {
  if (result === -1) throw new HostError(syscall, koffi.errno(), subject);
  return result;
}

/** The errno of the last native call of this thread. */
export const lastErrno = (): number => koffi.errno();

/** `syscall(2)` for calls that glibc does not wrap; six machine words. */
export const syscall = native('long syscall(long number, ...)');

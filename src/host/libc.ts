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

/** Declares a libc function by its C prototype: `native('int mount(const char *source, …)')`. */
export function native(prototype: string): Native {
  return library.func(prototype) as Native;
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

import { lastErrno, native } from './libc.ts';

const LOCK_EX = 2;
const LOCK_NB = 4;
const flock = native('int flock(int fd, int operation)');

/** Takes an exclusive lock on an open file without waiting; held until its descriptor is closed. False: another has it. */
export function tryLock(fd: number): boolean {
  if (flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const EWOULDBLOCK = 11;
  if (lastErrno() === EWOULDBLOCK) return false;
  throw new Error(`flock: errno ${lastErrno()}`);
}

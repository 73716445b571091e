import { closeSync, readFileSync } from 'node:fs';
import { checked, HostError, lastErrno, native } from './libc.ts';

const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;
const ESRCH = 3;

const pidfdOpen = native('long syscall(long number, int pid, unsigned int flags)');
const pidfdSendSignal = native('long syscall(long number, int pidfd, int signal, void *info, unsigned int flags)');
const pidfdGetfd = native('long syscall(long number, int pidfd, int targetFd, unsigned int flags)');

/** One process for ever: a pid alone may come to mean another one. */
export interface ProcessIdentity {
  pid: number;
  /** Clock ticks after boot, field 22 of /proc/PID/stat. */
  startTicks: number;
}

/** What pid `pid` is now; undefined when there is none, or it has ended and only waits to be reaped. */
export function identify(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat === undefined || stat.state === 'Z' || stat.state === 'X'
    ? undefined
    : { pid, startTicks: stat.startTicks };
}

export function isAlive(process: ProcessIdentity): boolean {
  return identify(process.pid)?.startTicks === process.startTicks;
}

/**
 * Signals exactly this process: the pidfd is opened first and the start time compared after, so pid reuse cannot
 * misdirect it. @returns false when the process is gone.
 */
export function signalProcess(target: ProcessIdentity, signal: number): boolean {
  const pidfd = openPidfd(target);
  if (pidfd === undefined) return false;
  try {
    const result = pidfdSendSignal(SYS_PIDFD_SEND_SIGNAL, pidfd, signal, null, 0);
    if (result === -1 && lastErrno() === ESRCH) return false;
    checked(result, 'pidfd_send_signal', String(target.pid));
    return true;
  } finally {
    closeSync(pidfd);
  }
}

/** A duplicate (close-on-exec) of descriptor `fd` of another process; undefined when that process is gone. */
export function takeDescriptor(from: ProcessIdentity, fd: number): number | undefined {
  const pidfd = openPidfd(from);
  if (pidfd === undefined) return undefined;
  try {
    return checked(pidfdGetfd(SYS_PIDFD_GETFD, pidfd, fd, 0), 'pidfd_getfd', String(from.pid));
  } finally {
    closeSync(pidfd);
  }
}

function openPidfd(target: ProcessIdentity): number | undefined {
  const pidfd = pidfdOpen(SYS_PIDFD_OPEN, target.pid, 0);
  if (pidfd === -1) {
    const errno = lastErrno();
    if (errno === ESRCH) return undefined;
    throw new HostError('pidfd_open', errno, String(target.pid));
  }
  if (isAlive(target)) return pidfd;
  closeSync(pidfd);
  return undefined;
}

function readStat(pid: number): { state: string; startTicks: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name in brackets may hold anything, brackets and blanks too: what is fixed comes after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', startTicks: Number(fields[19]) };
}

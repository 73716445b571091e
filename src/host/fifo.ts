import { chmodSync, constants, openSync } from 'node:fs';
import { checked, native } from './libc.ts';

const FIONREAD = 0x541b;
const F_SETPIPE_SZ = 1031;
const O_CLOEXEC = 0o2000000;
const F_SETFL = 4;
const PIPE_BYTES = 1024 * 1024;

const c = {
  mkfifo: native('int mkfifo(const char *path, unsigned int mode)'),
  fcntl: native('int fcntl(int fd, int command, long argument)'),
  ioctl: native('int ioctl(int fd, unsigned long request, _Out_ int *value)'),
  pipe2: native('int pipe2(void *fds, int flags)'),
};

/** A named pipe of mode 0600, whatever the umask. */
export function makeFifo(path: string): void {
  checked(c.mkfifo(path, 0o600), 'mkfifo', path);
  chmodSync(path, 0o600);
}

/** Both ends in one: opens at once, and keeps the pipe's contents and its readers and writers content. */
export const openFifoBoth = (path: string): number => openSync(path, constants.O_RDWR);

/** The reading end, non-blocking: opens at once, writer or none. */
export const openFifoReader = (path: string): number => openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);

/** The writing end, blocking, as a program expects its stdout to be. Opens at once only while there is a reader. */
export const openFifoWriter = (path: string): number => openSync(path, constants.O_WRONLY);

/** The writing end, non-blocking. @throws ENXIO when nobody holds the reading end. */
export const openFifoWriterNow = (path: string): number => openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);

/** An unnamed pipe, both ends close-on-exec and blocking. */
export function makePipe(): { reader: number; writer: number } {
  const fds = Buffer.alloc(8);
  checked(c.pipe2(fds, O_CLOEXEC), 'pipe2');
  return { reader: fds.readInt32LE(0), writer: fds.readInt32LE(4) };
}

/** Grows a pipe to 1 MiB. One that the system does not allow to grow stays as it is. */
export function enlargePipe(fd: number): void {
  c.fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
}

/** Bytes that wait to be read from a pipe or a terminal. */
export function bytesWaiting(fd: number): number {
  const value: [number] = [0];
  return c.ioctl(fd, FIONREAD, value) === -1 ? 0 : value[0];
}

export function setNonBlocking(fd: number): void {
  checked(c.fcntl(fd, F_SETFL, constants.O_NONBLOCK), 'fcntl');
}

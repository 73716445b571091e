import { closeSync, constants, openSync } from 'node:fs';
import koffi from 'koffi';
import { setNonBlocking } from './fifo.ts';
import { checked, HostError, lastErrno, native } from './libc.ts';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const SUN_PATH_BYTES = 108;
const EAGAIN = 11;
const TIOCSWINSZ = 0x5414;
const TIOCSPTLCK = 0x40045431;
const TIOCGPTN = 0x80045430;

const c = {
  socket: native('int socket(int family, int type, int protocol)'),
  bind: native('int bind(int fd, void *address, unsigned int length)'),
  listen: native('int listen(int fd, int backlog)'),
  accept4: native('int accept4(int fd, void *address, void *length, int flags)'),
  recvmsg: native('long recvmsg(int fd, void *message, int flags)'),
  ioctl: native('int ioctl(int fd, unsigned long request, void *argument)'),
};

/** A non-blocking listening Unix socket, for a runtime's `--console-socket`. At most 107 bytes of path. */
export function listenForConsole(path: string): number {
  const name = Buffer.from(path);
  if (name.length >= SUN_PATH_BYTES) throw new HostError('bind', 36, path);
  const address = Buffer.alloc(2 + SUN_PATH_BYTES);
  address.writeUInt16LE(AF_UNIX, 0);
  name.copy(address, 2);
  const fd = checked(c.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), 'socket');
  try {
    checked(c.bind(fd, address, address.length), 'bind', path);
    checked(c.listen(fd, 1), 'listen', path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  return fd;
}

/** The console (pty master, close-on-exec, non-blocking) that a runtime has sent to the socket; undefined: not yet. */
export function receiveConsole(listener: number): number | undefined {
  const connection = c.accept4(listener, null, null, SOCK_CLOEXEC);
  if (connection === -1) {
    if (lastErrno() === EAGAIN) return undefined;
    throw new HostError('accept4', lastErrno());
  }
  try {
    const fd = receiveDescriptor(connection);
    setNonBlocking(fd);
    return fd;
  } finally {
    closeSync(connection);
  }
}

/**
 *   msghdr (56 bytes)                     cmsghdr (24 bytes)
 *   0 name 8 namelen 16 iov 24 iovlen     0 len 8 level 12 type 16 descriptor
 *   32 control 40 controllen 48 flags
 */
function receiveDescriptor(connection: number): number {
  const data = Buffer.alloc(4096);
  const control = Buffer.alloc(64);
  const vector = Buffer.alloc(16);
  vector.writeBigUInt64LE(addressOf(data), 0);
  vector.writeBigUInt64LE(BigInt(data.length), 8);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(addressOf(vector), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(addressOf(control), 32);
  message.writeBigUInt64LE(BigInt(control.length), 40);
  checked(c.recvmsg(connection, message, MSG_CMSG_CLOEXEC), 'recvmsg');
  const isDescriptor =
    message.readBigUInt64LE(40) >= 20n &&
    control.readInt32LE(8) === SOL_SOCKET &&
    control.readInt32LE(12) === SCM_RIGHTS;
  if (!isDescriptor) throw new HostError('recvmsg', 74, 'no descriptor in the message');
  return control.readInt32LE(16);
}

const addressOf = (buffer: Buffer): bigint => BigInt(koffi.address(buffer));

/** A terminal of our own: the master is close-on-exec and non-blocking, the other side is opened by its path. */
export function openTerminal(): { master: number; slavePath: string } {
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  try {
    const number = Buffer.alloc(4);
    checked(c.ioctl(master, TIOCSPTLCK, number), 'ioctl', 'TIOCSPTLCK');
    checked(c.ioctl(master, TIOCGPTN, number), 'ioctl', 'TIOCGPTN');
    return { master, slavePath: `/dev/pts/${number.readUInt32LE(0)}` };
  } catch (error) {
    closeSync(master);
    throw error;
  }
}

/** In characters; what is out of the kernel's range is cut to it. */
export function setTerminalSize(fd: number, size: { height: number; width: number }): void {
  const winsize = Buffer.alloc(8);
  winsize.writeUInt16LE(clamp(size.height), 0);
  winsize.writeUInt16LE(clamp(size.width), 2);
  checked(c.ioctl(fd, TIOCSWINSZ, winsize), 'ioctl', 'TIOCSWINSZ');
}

const clamp = (value: number): number => Math.max(0, Math.min(0xffff, Math.trunc(value)));

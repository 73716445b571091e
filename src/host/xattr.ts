import { cString, fdPath, printable } from './at.ts';
import { checked, HostError, lastErrno, native } from './libc.ts';

const llistxattr = native('long llistxattr(const void *path, void *list, unsigned long size)');
const lgetxattr = native('long lgetxattr(const void *path, const void *name, void *value, unsigned long size)');
const lsetxattr = native(
  'int lsetxattr(const void *path, const void *name, const void *value, unsigned long size, int flags)',
);
const lremovexattr = native('int lremovexattr(const void *path, const void *name)');

const ERANGE = 34;
const ENODATA = 61;
const EOPNOTSUPP = 95;
let scratch = Buffer.alloc(4096);

/** Calls `get` with a buffer that grows until it fits; undefined on ENODATA or where the file system has no xattrs. */
function grown(syscall: string, subject: Uint8Array, get: (buffer: Buffer) => number): Buffer | undefined {
  for (;;) {
    const length = get(scratch);
    if (length >= 0) return Buffer.from(scratch.subarray(0, length));
    const errno = lastErrno();
    if (errno === ENODATA || errno === EOPNOTSUPP) return undefined;
    if (errno !== ERANGE || scratch.length > 1 << 20) throw new HostError(syscall, errno, printable(subject));
    scratch = Buffer.alloc(scratch.length * 4);
  }
}

/** Names of the extended attributes of `name` below `dirFd`, sorted; the link itself is read, not its target. */
export function listXattrs(dirFd: number, name: Uint8Array): string[] {
  const path = cString(fdPath(dirFd, name));
  const list = grown('llistxattr', name, (buffer) => llistxattr(path, buffer, buffer.length));
  if (list === undefined || list.length === 0) return [];
  return list.toString('latin1').split('\0').filter(Boolean).sort();
}

export function getXattr(dirFd: number, name: Uint8Array, attribute: string): Buffer | undefined {
  const path = cString(fdPath(dirFd, name));
  const key = cString(Buffer.from(attribute, 'latin1'));
  return grown('lgetxattr', name, (buffer) => lgetxattr(path, key, buffer, buffer.length));
}

export function setXattr(dirFd: number, name: Uint8Array, attribute: string, value: Uint8Array): void {
  const path = cString(fdPath(dirFd, name));
  const key = cString(Buffer.from(attribute, 'latin1'));
  // koffi passes an empty buffer as NULL, which the kernel takes with size 0.
  checked(lsetxattr(path, key, value, value.length, 0), 'lsetxattr', printable(name));
}

export function removeXattr(dirFd: number, name: Uint8Array, attribute: string): void {
  const path = cString(fdPath(dirFd, name));
  if (lremovexattr(path, cString(Buffer.from(attribute, 'latin1'))) === 0) return;
  if (lastErrno() !== ENODATA) throw new HostError('lremovexattr', lastErrno(), printable(name));
}

import { close, readFileSync } from 'node:fs';
import { closeFd, cString, O_DIRECTORY, O_NOFOLLOW, O_PATH, openAt } from './at.ts';
import { checked, HostError, lastErrno, native } from './libc.ts';

const MS_BIND = 4096;
const MS_REC = 16384;
const MS_PRIVATE = 1 << 18;
const MS_REMOUNT = 32;
const MS_RDONLY = 1;
const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
const AT_FDCWD = -100;
const SYS = { move_mount: 429, fsopen: 430, fsconfig: 431, fsmount: 432 };
const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 4;
const MOUNT_ATTR_RDONLY = 1;
const EINVAL = 22;
const ENOENT = 2;
const ENOSYS = 38;
const PAGE = 4096;

const mount2 = native(
  'int mount(const void *source, const void *target, const void *type, unsigned long flags, const void *data)',
);
const umount2 = native('int umount2(const void *target, int flags)');
const fsopen = native('long syscall(long number, const void *type, unsigned int flags)');
const fsconfig = native(
  'long syscall(long number, int fd, unsigned int cmd, const void *key, const void *value, int aux)',
);
const fsmount = native('long syscall(long number, int fd, unsigned int flags, unsigned int attr)');
const moveMount = native(
  'long syscall(long number, int fromfd, const void *from, int tofd, const void *to, unsigned int flags)',
);

const text = (value: string): Buffer => cString(Buffer.from(value));
const EMPTY = text('');

/** mount(2). Paths are the host's own. */
export function mount(source: string, target: string, type: string, flags = 0, data = ''): void {
  checked(mount2(text(source), text(target), text(type), flags, text(data)), 'mount', target);
}

/** A (recursive) bind; `readOnly` takes the second call that Linux wants. */
export function bindMount(
  source: string,
  target: string,
  options: { recursive?: boolean; readOnly?: boolean } = {},
): void {
  mount(source, target, 'none', MS_BIND | (options.recursive ? MS_REC : 0));
  if (options.readOnly) mount('none', target, 'none', MS_BIND | MS_REMOUNT | MS_RDONLY);
}

/** Detaches the top mount at `target`; false when none was there. */
export function unmount(target: string): boolean {
  if (umount2(text(target), MNT_DETACH | UMOUNT_NOFOLLOW) === 0) return true;
  const errno = lastErrno();
  if (errno === EINVAL || errno === ENOENT) return false;
  throw new HostError('umount2', errno, target);
}

/**
 * As `unmount`, but the file system's last reference goes on a pool thread: the end of an overlay syncs the whole disk
 * below it, which takes seconds while something else writes.
 */
export function unmountLater(target: string): boolean {
  let pin: number;
  try {
    pin = openAt(AT_FDCWD, Buffer.from(target), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (error instanceof HostError && error.errno === ENOENT) return false;
    throw error;
  }
  try {
    return unmount(target);
  } finally {
    close(pin, () => {});
  }
}

/** What is below `target` no longer propagates to or from elsewhere; `target` is made a mount if it is none. */
export function makePrivate(target: string): void {
  if (!mountsBelow(target).includes(target)) bindMount(target, target);
  mount('none', target, 'none', MS_PRIVATE);
}

export interface MountInfo {
  id: number;
  parentId: number;
  /** The root of the mount within its file system. */
  root: string;
  target: string;
  /** Options of this mount (`ro`, `nosuid`). */
  options: string[];
  /** `shared:N`, `master:N`. */
  propagation: string[];
  type: string;
  source: string;
  /** Options of the file system (`lowerdir=…`). */
  superOptions: string[];
}

const unescapeOctal = (field: string): string =>
  field.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** proc_pid_mountinfo(5), in mount order. */
export function parseMountInfo(content: string): MountInfo[] {
  return content
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const fields = line.split(' ');
      const dash = fields.indexOf('-', 6);
      const at = (index: number): string => unescapeOctal(fields[index] ?? '');
      return {
        id: Number(fields[0]),
        parentId: Number(fields[1]),
        root: at(3),
        target: at(4),
        options: at(5).split(','),
        propagation: fields.slice(6, dash),
        type: at(dash + 1),
        source: at(dash + 2),
        superOptions: at(dash + 3).split(','),
      };
    });
}

export function mountInfo(): MountInfo[] {
  return parseMountInfo(readFileSync('/proc/self/mountinfo', 'latin1'));
}

/** Mount targets at or below a folder, deepest mount last. */
export function mountsBelow(folder: string): string[] {
  return mountInfo()
    .map((info) => info.target)
    .filter((target) => target === folder || target.startsWith(`${folder}/`));
}

export interface OverlayLayers {
  /** Lower folders, top first; at least one. */
  lower: string[];
  upper?: string;
  work?: string;
  /** More `key=value` or flag options. */
  options: string[];
}

/** Longer chains than this are refused by the kernel's own page limit on the old path, by us on both. */
export class TooManyLayersError extends Error {}

let hasLayerByLayer: boolean | undefined;

/**
 * An overlay that is mounted nowhere: an fd of its root, gone when the fd is closed or moved by `attachMount`. One
 * `lowerdir+` per layer, so that 128 long names fit; kernels before 6.5 get their layers as `/proc/self/fd/N` in one option.
 */
export function openOverlay(layers: OverlayLayers): number {
  if (hasLayerByLayer !== false) {
    try {
      const fd = newApiOverlay(layers);
      hasLayerByLayer = true;
      return fd;
    } catch (error) {
      const isUnknown = error instanceof HostError && (error.errno === EINVAL || error.errno === ENOSYS);
      if (hasLayerByLayer === true || !isUnknown || !error.message.includes('lowerdir+')) throw error;
      hasLayerByLayer = false;
    }
  }
  throw new HostError('fsconfig lowerdir+', ENOSYS);
}

/** Does this kernel take one `lowerdir+` per layer (6.5)? Known after the first overlay. */
export const takesLayerByLayer = (): boolean => hasLayerByLayer !== false;

function newApiOverlay(layers: OverlayLayers): number {
  const fs = checked(fsopen(SYS.fsopen, text('overlay'), FSOPEN_CLOEXEC), 'fsopen');
  try {
    const set = (key: string, value: string): void => {
      const shown = `${key}=${value}`;
      checked(fsconfig(SYS.fsconfig, fs, FSCONFIG_SET_STRING, text(key), text(value), 0), 'fsconfig', shown);
    };
    set('source', 'overlay');
    for (const folder of layers.lower) set('lowerdir+', folder);
    if (layers.upper !== undefined) set('upperdir', layers.upper);
    if (layers.work !== undefined) set('workdir', layers.work);
    for (const option of layers.options) {
      const equals = option.indexOf('=');
      if (equals !== -1) set(option.slice(0, equals), option.slice(equals + 1));
      else checked(fsconfig(SYS.fsconfig, fs, FSCONFIG_SET_FLAG, text(option), null, 0), 'fsconfig', option);
    }
    checked(fsconfig(SYS.fsconfig, fs, FSCONFIG_CMD_CREATE, null, null, 0), 'mount overlay', layers.upper ?? '');
    const attributes = layers.upper === undefined ? MOUNT_ATTR_RDONLY : 0;
    return checked(fsmount(SYS.fsmount, fs, FSMOUNT_CLOEXEC, attributes), 'fsmount');
  } finally {
    closeFd(fs);
  }
}

/** Puts a detached mount at `target`; the fd stays the caller's. */
export function attachMount(mountFd: number, target: string): void {
  checked(
    moveMount(SYS.move_mount, mountFd, EMPTY, AT_FDCWD, text(target), MOVE_MOUNT_F_EMPTY_PATH),
    'move_mount',
    target,
  );
}

/** mount(2) with every lower folder as `/proc/self/fd/N`: 128 of them stay below the page that mount(2) takes. */
export function mountOverlayByFds(layers: OverlayLayers, target: string): void {
  const fds: number[] = [];
  try {
    const byFd = (folder: string): string => {
      const fd = openAt(AT_FDCWD, Buffer.from(folder), O_PATH | O_DIRECTORY);
      fds.push(fd);
      return `/proc/self/fd/${fd}`;
    };
    const options = [...layers.options, `lowerdir=${layers.lower.map(byFd).join(':')}`];
    if (layers.upper !== undefined) options.push(`upperdir=${byFd(layers.upper)}`);
    if (layers.work !== undefined) options.push(`workdir=${byFd(layers.work)}`);
    const data = options.join(',');
    if (data.length >= PAGE) throw new TooManyLayersError(`mount options of ${data.length} bytes`);
    mount('overlay', target, 'overlay', layers.upper === undefined ? MS_RDONLY : 0, data);
  } finally {
    for (const fd of fds) closeFd(fd);
  }
}

/** Mounts an overlay at `target`, whichever way the kernel takes it. */
export function mountOverlay(layers: OverlayLayers, target: string): void {
  if (takesLayerByLayer()) {
    try {
      const fd = openOverlay(layers);
      try {
        attachMount(fd, target);
      } finally {
        closeFd(fd);
      }
      return;
    } catch (error) {
      if (takesLayerByLayer()) throw error;
    }
  }
  mountOverlayByFds(layers, target);
}

import type { HostConfig } from '../../api/index.ts';
import type { MountSpec } from '../../oci/index.ts';
import { byDepth, mergeTmpfsOptions } from '../mounts/mount-points.ts';
import type { MountRecord } from '../record.ts';

/** A record's mount with the host path it comes from ('' for tmpfs). */
export interface ReadyMount extends MountRecord {
  hostPath: string;
  /** The host path is anything but a folder. */
  isFile: boolean;
}

export interface MountInput {
  hostConfig: HostConfig;
  mounts: readonly ReadyMount[];
  /** Destination → host path: /etc/hosts and its like, the init program, host CA. Read-only where said. */
  files: readonly { destination: string; source: string; readOnly: boolean }[];
  /** A host folder for /dev/shm instead of a tmpfs of its own. */
  shmSource: string | undefined;
  isCgroupWritable: boolean;
}

const ALWAYS_NO = ['nosuid', 'noexec', 'nodev'];

function defaults({ hostConfig, shmSource, isCgroupWritable }: MountInput): MountSpec[] {
  const rights = hostConfig.Privileged ? [] : ['ro'];
  const mounts: MountSpec[] = [
    { destination: '/proc', type: 'proc', source: 'proc', options: ALWAYS_NO },
    {
      destination: '/dev',
      type: 'tmpfs',
      source: 'tmpfs',
      options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'],
    },
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: [...ALWAYS_NO, ...rights] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: [...(isCgroupWritable ? [] : ['ro']), ...ALWAYS_NO],
    },
    // With the host's IPC namespace these are the host's queues.
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ALWAYS_NO },
  ];
  if (hostConfig.IpcMode === 'none') return mounts;
  const shm: MountSpec =
    shmSource === undefined
      ? {
          destination: '/dev/shm',
          type: 'tmpfs',
          source: 'shm',
          options: [...ALWAYS_NO, 'mode=1777', `size=${hostConfig.ShmSize ?? 0}`],
        }
      : { destination: '/dev/shm', type: 'bind', source: shmSource, options: ['rbind', 'rprivate', ...ALWAYS_NO] };
  return [...mounts, shm];
}

/** Docker's mounts, then the container's own, outer before inner. What it mounts itself replaces the default. */
export function mountsOf(input: MountInput): MountSpec[] {
  const own = [...tmpfsMounts(input), ...input.mounts.map(toSpec)];
  const taken = new Set(own.map((mount) => mount.destination));
  const kept = defaults(input).filter(
    ({ destination }) => !taken.has(destination) && !(taken.has('/dev') && destination.startsWith('/dev/')),
  );
  const files: MountSpec[] = input.files
    .filter(({ destination }) => !taken.has(destination))
    .map(({ destination, source, readOnly }) => ({
      destination,
      type: 'bind',
      source,
      options: ['rbind', 'rprivate', ...(readOnly ? ['ro'] : [])],
    }));
  return [...kept, ...[...own, ...files].sort(byDepth)];
}

function tmpfsMounts({ hostConfig }: MountInput): MountSpec[] {
  return Object.entries(hostConfig.Tmpfs ?? {}).map(([destination, options]) => ({
    destination,
    type: 'tmpfs',
    source: 'tmpfs',
    options: mergeTmpfsOptions(options.split(',').filter(Boolean)),
  }));
}

function toSpec(mount: ReadyMount): MountSpec {
  const { destination, type, hostPath, isFile, writable, propagation } = mount;
  if (type === 'tmpfs') {
    return { destination, type: 'tmpfs', source: 'tmpfs', options: mergeTmpfsOptions(mount.tmpfsOptions) };
  }
  const bind = mount.isNonRecursive ? 'bind' : 'rbind';
  // A file has nothing mounted below it, and crun 1.8 opens the target of an rro mount as a folder.
  const isFlat = mount.isReadOnlyNonRecursive || mount.isNonRecursive || type === 'volume' || isFile;
  const readOnly = isFlat ? 'ro' : 'rro';
  const options = [bind, ...(writable ? [] : [readOnly]), ...(propagation === '' ? [] : [propagation])];
  return { destination, type: 'bind', source: hostPath, options };
}

/** The root's propagation when a bind asks to share with the host; the runtime's private default otherwise. */
export function rootfsPropagation(mounts: readonly MountRecord[]): string | undefined {
  const wanted = mounts.map((mount) => mount.propagation);
  if (wanted.some((mode) => mode === 'shared' || mode === 'rshared')) return 'shared';
  return wanted.some((mode) => mode === 'slave' || mode === 'rslave') ? 'rslave' : undefined;
}

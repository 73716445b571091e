import { existsSync, readdirSync, readFileSync, rmdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';

const CGROUP2_MAGIC = 0x63677270;

/** The cgroup file systems of this host. */
export interface CgroupHost {
  version: 1 | 2;
  /** v2: where it is mounted. v1: mount point of each controller (`name=systemd` too); several may share one. */
  mounts: ReadonlyMap<string, string>;
  /**
   * A v2 mount beside v1 that holds controllers: crun refuses such a host, so it is started without seeing this mount.
   */
  hybridMount?: string;
}

/** Controller under which v2 stands in `mounts`. */
export const UNIFIED = 'unified';

export function detectCgroups(root = '/sys/fs/cgroup', mountinfo = '/proc/self/mountinfo'): CgroupHost {
  if (statfsSync(root).type === CGROUP2_MAGIC) return { version: 2, mounts: new Map([[UNIFIED, root]]) };
  const mounts = parseCgroupMounts(readFileSync(mountinfo, 'utf8'));
  const unified = mounts.get(UNIFIED);
  const isHybrid = unified !== undefined && readFileSync(join(unified, 'cgroup.controllers'), 'utf8').trim() !== '';
  return { version: 1, mounts, ...(isHybrid ? { hybridMount: unified } : {}) };
}

/** Controller → mount point, from the text of a mountinfo file (proc(5)). */
export function parseCgroupMounts(mountinfo: string): Map<string, string> {
  const mounts = new Map<string, string>();
  for (const line of mountinfo.split('\n')) {
    const [left = '', right = ''] = line.split(' - ');
    const [type, , options = ''] = right.split(' ');
    const target = left.split(' ')[4];
    if (target === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    const names = type === 'cgroup2' ? [UNIFIED] : options.split(',').filter((name) => name !== 'rw' && name !== 'ro');
    for (const name of names) if (!mounts.has(name)) mounts.set(name, target);
  }
  return mounts;
}

/** The folder of `cgroup` (`/berth/<id>/c`) in the hierarchy of `controller`; undefined when the host has no such one. */
export function cgroupFolder(host: CgroupHost, controller: string, cgroup: string): string | undefined {
  const mount = host.mounts.get(host.version === 2 ? UNIFIED : controller);
  return mount === undefined ? undefined : join(mount, cgroup);
}

/** Every process in `cgroup` and below it. */
export function listCgroupPids(host: CgroupHost, cgroup: string): number[] {
  const folder = ['freezer', 'pids', 'memory', 'name=systemd']
    .map((controller) => cgroupFolder(host, controller, cgroup))
    .find((path) => path !== undefined && existsSync(path));
  return folder === undefined ? [] : [...walk(folder)].flatMap(readPids);
}

function* walk(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) yield* walk(join(folder, entry.name));
  }
  yield folder;
}

function readPids(folder: string): number[] {
  try {
    return readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Removes `cgroup` with all below it in every hierarchy. @returns false when something is still in it. Idempotent. */
export function removeCgroup(host: CgroupHost, cgroup: string): boolean {
  let isGone = true;
  for (const mount of new Set(host.mounts.values())) {
    const top = join(mount, cgroup);
    if (existsSync(top)) isGone = removeTree(top) && isGone;
  }
  return isGone;
}

function removeTree(top: string): boolean {
  try {
    for (const folder of walk(top)) rmdirSync(folder);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
}

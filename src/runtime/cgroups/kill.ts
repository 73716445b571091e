import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify, signalProcess } from '../../host/index.ts';
import { isFrozen, thawCgroup } from './freeze.ts';
import { type CgroupHost, cgroupFolder, listCgroupPids } from './hierarchies.ts';

const SIGKILL = 9;
const PATIENCE_MS = 5000;

/** SIGKILL to everything in `cgroup`, frozen or not, until it is empty. @returns false when some of it would not die. */
export async function killCgroup(host: CgroupHost, cgroup: string): Promise<boolean> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    const pids = listCgroupPids(host, cgroup);
    if (pids.length === 0) return true;
    if (Date.now() > deadline) return false;
    killOnce(host, cgroup, pids);
    await sleep(waitMs);
  }
}

function killOnce(host: CgroupHost, cgroup: string, pids: readonly number[]): void {
  const folder = cgroupFolder(host, 'freezer', cgroup);
  const switchFile = folder === undefined ? '' : join(folder, 'cgroup.kill');
  if (host.version === 2 && existsSync(switchFile)) return writeFileSync(switchFile, '1');
  for (const pid of pids) {
    const target = identify(pid);
    // It may have ended, and its pid be another's, since the list was read.
    if (target !== undefined && listCgroupPids(host, cgroup).includes(pid)) signalProcess(target, SIGKILL);
  }
  // A frozen process of v1 dies when it is thawed.
  if (isFrozen(host, cgroup)) thawCgroup(host, cgroup);
}

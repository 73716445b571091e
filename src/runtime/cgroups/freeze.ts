import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../../errors/index.ts';
import { type CgroupHost, cgroupFolder } from './hierarchies.ts';

const PATIENCE_MS = 10_000;

/** Stops every process of `cgroup`; resolves when they stand. @throws system `freeze-failed` after 10 s, thawed again. */
export async function freezeCgroup(host: CgroupHost, cgroup: string): Promise<void> {
  const file = freezerFile(host, cgroup);
  const deadline = Date.now() + PATIENCE_MS;
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
    // v1 may stay FREEZING until it is asked again, when processes are born meanwhile.
    writeFileSync(file, host.version === 2 ? '1' : 'FROZEN');
    if (isFrozen(host, cgroup)) return;
    if (Date.now() > deadline) {
      thawCgroup(host, cgroup);
      throw systemError('freeze-failed', 'the processes could not be frozen within 10 seconds');
    }
    await sleep(waitMs);
  }
}

export function thawCgroup(host: CgroupHost, cgroup: string): void {
  writeFileSync(freezerFile(host, cgroup), host.version === 2 ? '0' : 'THAWED');
}

export function isFrozen(host: CgroupHost, cgroup: string): boolean {
  const folder = cgroupFolder(host, 'freezer', cgroup);
  if (folder === undefined) return false;
  try {
    return host.version === 2
      ? readFileSync(join(folder, 'cgroup.events'), 'utf8').includes('frozen 1')
      : readFileSync(join(folder, 'freezer.state'), 'utf8').trim() === 'FROZEN';
  } catch {
    return false;
  }
}

function freezerFile(host: CgroupHost, cgroup: string): string {
  const folder = cgroupFolder(host, 'freezer', cgroup);
  if (folder === undefined) throw systemError('freezer-missing', 'this host has no cgroup freezer');
  return join(folder, host.version === 2 ? 'cgroup.freeze' : 'freezer.state');
}

import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../errors/index.ts';
import { removeCgroup } from './cgroups/hierarchies.ts';
import { killCgroup } from './cgroups/kill.ts';
import type { RuntimeContext } from './context.ts';
import { RunFolder } from './folder.ts';
import { acknowledge } from './monitor.ts';
import { endHolder } from './stdio/holder.ts';

const PATIENCE_MS = 5000;

/** Removes every trace of a run: what still lives in its cgroup is killed. @throws system `cgroup-busy` */
export async function releaseRun(context: RuntimeContext, id: string): Promise<void> {
  const folder = new RunFolder(context.folders, id);
  if (!folder.exists()) return;
  const record = folder.readRecord();
  context.live.delete(id);
  if (record !== undefined) {
    await killCgroup(context.host, record.cgroup);
    endHolder(record.holder);
    await removeOwnCgroup(context, record.cgroup);
  }
  acknowledge(folder);
  const state = join(context.folders.state, id);
  if (existsSync(state)) rmSync(state, { recursive: true, force: true });
  folder.remove();
}

/** A runtime that is just ending removes the same folders: EBUSY passes. */
async function removeOwnCgroup({ host }: RuntimeContext, cgroup: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (let waitMs = 1; !removeCgroup(host, cgroup); waitMs = Math.min(waitMs * 2, 50)) {
    if (Date.now() > deadline) throw systemError('cgroup-busy', `processes are left in the cgroup ${cgroup}`);
    await killCgroup(host, cgroup);
    await sleep(waitMs);
  }
}

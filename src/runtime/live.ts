import { readFileSync } from 'node:fs';
import { notFound } from '../errors/index.ts';
import { isAlive, type ProcessIdentity } from '../host/index.ts';
import type { Live, RuntimeContext } from './context.ts';
import { RunFolder } from './folder.ts';

/** The container `id`, running. @throws not-found `process-gone` */
export function findLive(context: RuntimeContext, id: string): Live {
  const live = context.live.get(id) ?? fromRecord(context, id);
  if (live !== undefined && isAlive(live.init)) return live;
  throw notFound('process-gone', `container ${id} is not running`);
}

/** Of a run that an earlier daemon started and nobody has recovered yet. */
function fromRecord(context: RuntimeContext, id: string): Live | undefined {
  const folder = new RunFolder(context.folders, id);
  const record = folder.readRecord();
  return record?.init === undefined || !isMember(record.init, record.cgroup)
    ? undefined
    : { folder, cgroup: record.cgroup, init: record.init };
}

/** Is this process (alive, and the very one) in `cgroup`? A record on disk could name any process; the kernel knows better. */
export function isMember(process: ProcessIdentity, cgroup: string): boolean {
  if (!isAlive(process)) return false;
  try {
    const lines = readFileSync(`/proc/${process.pid}/cgroup`, 'utf8').split('\n');
    return lines.some((line) => line.split(':').slice(2).join(':').startsWith(`${cgroup}/`));
  } catch {
    return false;
  }
}

import { identify, type ProcessIdentity } from '../host/index.ts';
import type { Live, RuntimeContext } from './context.ts';
import type { RunningProcess, StdioMode } from './contract.ts';
import { awaitExit } from './exit.ts';
import { RunFolder, type RunRecord } from './folder.ts';
import { isMember } from './live.ts';
import { hasMonitor, listenToMonitor, type MonitorEvents, reopenEvents, reopenPipes } from './monitor.ts';
import { type LateFailure, noticeLateFailure } from './oci-cli/failure.ts';
import { releaseRun } from './release.ts';
import { takeFromHolder } from './stdio/holder.ts';
import { pipeEnds } from './stdio/pipe-ends.ts';
import type { ProcessEnds } from './stdio/process-ends.ts';
import { terminalEnds } from './stdio/terminal-ends.ts';

export type Recovered = { state: 'running' | 'exited'; process: RunningProcess } | { state: 'unknown' };

/** Takes back what an earlier daemon ran. */
export async function recoverContainer(context: RuntimeContext, id: string): Promise<Recovered> {
  const folder = new RunFolder(context.folders, id);
  const record = folder.readRecord();
  if (record === undefined) {
    await releaseRun(context, id);
    return { state: 'unknown' };
  }
  const events = eventsOf(folder);
  const init = await findInit(context, folder, record, events);
  if (init === undefined) {
    // It never started, and nobody was told that it had.
    events.close();
    await releaseRun(context, id);
    return { state: 'unknown' };
  }
  const late = noticeLateFailure();
  const ends = reopenEnds(folder, record, late);
  const live: Live = { folder, cgroup: record.cgroup, init };
  const isRunning = hasMonitor(folder) && folder.readExit() === undefined && isMember(init, record.cgroup);
  if (record.init === undefined) folder.writeRecord({ ...record, init });
  context.live.set(id, live);
  const exited = awaitExit(context, { live, record, ends, events, isLateFailure: () => late.isNoticed });
  const process = { pid: init.pid, startedAtMs: record.startedAtMs, io: ends.io, exited };
  return { state: isRunning ? 'running' : 'exited', process };
}

/** Where the monitor has spoken already, or is gone, there is nothing to listen for. */
function eventsOf(folder: RunFolder): MonitorEvents {
  const isOver = folder.readExit() !== undefined || !hasMonitor(folder);
  return isOver ? { ended: Promise.resolve(), close: () => {} } : listenToMonitor(reopenEvents(folder));
}

/**
 * The container's first process as the record says. A daemon that died during the start left a pid file only, or nothing
 * yet; then a pid counts if it is in the container's cgroup.
 */
async function findInit(
  context: RuntimeContext,
  folder: RunFolder,
  record: RunRecord,
  events: MonitorEvents,
): Promise<ProcessIdentity | undefined> {
  if (record.init !== undefined) {
    // A process that is not in the cgroup is not the container's, whatever the record says: never to be signalled.
    return isMember(record.init, record.cgroup) ? record.init : { pid: record.init.pid, startTicks: 0 };
  }
  const pid = await context.pidFiles.wait(folder.id, events.ended);
  if (pid === undefined) return undefined;
  const found = identify(pid);
  return found !== undefined && isMember(found, record.cgroup) ? found : { pid, startTicks: 0 };
}

function reopenEnds(folder: RunFolder, record: RunRecord, late: LateFailure): ProcessEnds {
  const stdio: StdioMode = record.stdio;
  if (!stdio.tty) return pipeEnds(reopenPipes(folder, stdio), late);
  const master = record.holder === undefined ? undefined : takeFromHolder(record.holder);
  return terminalEnds(master, stdio, late);
}

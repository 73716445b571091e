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
  const late = noticeLateFailure(record.args0);
  const ends = reopenEnds(folder, record, late);
  const live: Live = { folder, cgroup: record.cgroup, init };
  const isRunning = hasMonitor(folder) && folder.readExit() === undefined && isMember(init, record.cgroup);
  if (isRunning) folder.writeRecord({ ...record, init });
  context.live.set(id, live);
  const exited = awaitExit(context, { live, record, ends, events, late });
  const process = { pid: init.pid, startedAtMs: record.startedAtMs, io: ends.io, exited };
  return { state: isRunning ? 'running' : 'exited', process };
}

/** Where the monitor has spoken already, or is gone, there is nothing to listen for. */
function eventsOf(folder: RunFolder): MonitorEvents {
  const isOver = folder.readExit() !== undefined || !hasMonitor(folder);
  return isOver ? { ended: Promise.resolve(), close: () => {} } : listenToMonitor(reopenEvents(folder));
}

/**
 * The container's first process: as the record says, or (a daemon that died during the start left no more) as the pid file
 * says. Neither counts unless the process is in the container's cgroup: a file could name anyone, who is not to be
 * signalled. Undefined: it never started.
 */
async function findInit(
  context: RuntimeContext,
  folder: RunFolder,
  record: RunRecord,
  events: MonitorEvents,
): Promise<ProcessIdentity | undefined> {
  const pid = record.init === undefined ? await context.pidFiles.wait(folder.id, events.ended) : folder.readPid();
  const candidates = [record.init, pid === undefined ? undefined : identify(pid)];
  const init = candidates.find((candidate) => candidate !== undefined && isMember(candidate, record.cgroup));
  if (init !== undefined) return init;
  const known = record.init?.pid ?? pid;
  return known === undefined ? undefined : { pid: known, startTicks: 0 };
}

function reopenEnds(folder: RunFolder, record: RunRecord, late: LateFailure): ProcessEnds {
  const stdio: StdioMode = record.stdio;
  if (!stdio.tty) return pipeEnds(reopenPipes(folder, stdio), late);
  const master = record.holder === undefined ? undefined : takeFromHolder(record.holder);
  return terminalEnds(master, stdio, late);
}

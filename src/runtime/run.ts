import { writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { conflict } from '../errors/index.ts';
import { identify } from '../host/index.ts';
import { Rollback } from '../lib/index.ts';
import type { Live, RuntimeContext } from './context.ts';
import type { RunningProcess, RunRequest } from './contract.ts';
import { checkExecutable } from './executable.ts';
import { awaitExit } from './exit.ts';
import { RunFolder, type RunRecord } from './folder.ts';
import { hasMonitor, listenToMonitor, openMonitorPipes } from './monitor.ts';
import { processFor } from './oci-cli/command.ts';
import { noticeLateFailure, readLog, reasonFromLog, startFailure } from './oci-cli/failure.ts';
import { releaseRun } from './release.ts';
import { startMonitor } from './start-monitor.ts';
import { openConsole } from './stdio/console.ts';
import { startHolder } from './stdio/holder.ts';
import { pipeEnds } from './stdio/pipe-ends.ts';
import { discardEnds } from './stdio/process-ends.ts';
import { terminalEnds } from './stdio/terminal-ends.ts';

/** Starts a container; it runs when this resolves. A failure leaves nothing. */
export async function runContainer(context: RuntimeContext, request: RunRequest): Promise<RunningProcess> {
  const { id, spec, stdio, consoleSize } = request;
  const folder = new RunFolder(context.folders, id);
  checkExecutable(spec);
  if (folder.exists()) await clearPrevious(context, folder);
  await using undo = new Rollback();
  folder.create();
  undo.push(() => releaseRun(context, id));
  const record = writeBundle(context, folder, request);

  using console = stdio.tty ? openConsole(context, consoleSize) : undefined;
  const pipes = openMonitorPipes(folder, stdio);
  const events = listenToMonitor(pipes.events);
  undo.push(() => events.close());
  const late = noticeLateFailure(spec.process.args[0] ?? '');
  const overPipes = pipes.ours === undefined ? undefined : pipeEnds(pipes.ours, late);
  if (overPipes !== undefined) undo.push(() => discardEnds(overPipes));
  startMonitor(context, folder, pipes.child, console);

  const pid = await context.pidFiles.wait(id, events.ended);
  if (pid === undefined)
    throw startFailure('run', reasonFromLog(readLog(folder.file('log')), spec.process.args[0] ?? ''));
  const init = identify(pid) ?? { pid, startTicks: 0 };
  const live: Live = { folder, cgroup: record.cgroup, init };
  record.init = init;
  record.startedAtMs = context.needs.now();
  const master = await console?.take();
  const holder = master === undefined ? undefined : startHolder(master);
  if (holder !== undefined) record.holder = holder;
  const ends = overPipes ?? terminalEnds(master, stdio, late);
  if (consoleSize !== undefined) ends.io.resize(consoleSize.height, consoleSize.width);
  folder.writeRecord(record);
  undo.commit();
  context.live.set(id, live);
  const exited = awaitExit(context, { live, record, ends, events, late });
  return { pid, startedAtMs: record.startedAtMs, io: ends.io, exited };
}

/** What an earlier run of this id has left is cleared away, unless it still runs. */
async function clearPrevious(context: RuntimeContext, folder: RunFolder): Promise<void> {
  if (hasMonitor(folder) && folder.readExit() === undefined) {
    throw conflict('container-running', `container ${folder.id} is already running`);
  }
  await releaseRun(context, folder.id);
}

function writeBundle(context: RuntimeContext, folder: RunFolder, request: RunRequest): RunRecord {
  const { id, spec, stdio, memoryLimited } = request;
  const cgroupsPath = ownCgroupPath(spec.linux.cgroupsPath ?? `${context.needs.cgroupParent}/${id}/c`, id);
  const bundle = {
    ...spec,
    process: processFor(context, spec.process, request),
    linux: { ...spec.linux, cgroupsPath },
  };
  writeFileSync(folder.file('config.json'), JSON.stringify(bundle), { mode: 0o600 });
  const isMemoryLimited = memoryLimited ?? (spec.linux.resources?.memory?.limit ?? 0) > 0;
  const record: RunRecord = {
    stdio,
    args0: spec.process.args[0] ?? '',
    cgroup: dirname(cgroupsPath),
    isMemoryLimited,
    oomMark: isMemoryLimited ? context.oom.mark() : 0,
    startedAtMs: context.needs.now(),
  };
  folder.writeRecord(record);
  return record;
}

/** The runtime removes its cgroup at the end; the folder above, of this run alone, stays ours: `<anything>/<id>/c`. */
function ownCgroupPath(path: string, id: string): string {
  const rooted = path.startsWith('/') ? path : `/${path}`;
  return rooted.endsWith(`/${id}/c`) ? rooted : `${rooted}/${id}/c`;
}

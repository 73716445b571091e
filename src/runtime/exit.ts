import { isAlive } from '../host/index.ts';
import { killCgroup } from './cgroups/kill.ts';
import type { Live, RuntimeContext } from './context.ts';
import type { ExitFacts } from './contract.ts';
import type { RunRecord } from './folder.ts';
import { acknowledge, type MonitorEvents } from './monitor.ts';
import { type LateFailure, withLateFailure } from './oci-cli/failure.ts';
import { endHolder } from './stdio/holder.ts';
import { type ProcessEnds, settleEnds } from './stdio/process-ends.ts';

const EXIT_KILLED = 137;
const EXIT_UNKNOWN = 255;

/** A run whose end is awaited. */
export interface Watched {
  live: Live;
  record: RunRecord;
  ends: ProcessEnds;
  events: MonitorEvents;
  late: LateFailure;
}

/**
 *   events ─► exit file ─► init gone? else kill ─► streams read to the end ─► ack ─► facts
 *
 * The ack comes last: a daemon that dies before it finds the monitor, and what was not read, still there.
 */
export async function awaitExit(context: RuntimeContext, watched: Watched): Promise<ExitFacts> {
  const { live, record, ends, events } = watched;
  await events.ended;
  const exit = await truthfulExit(context, live);
  const oomKilled = isOomPossible(context, record) && context.oom.wasKilled(live.cgroup, record.oomMark);
  await settleEnds(ends);
  endHolder(record.holder);
  events.close();
  acknowledge(live.folder);
  if (context.live.get(live.folder.id) === live) context.live.delete(live.folder.id);
  const exitCode = withLateFailure(watched.late, exit.exitCode);
  return { exitCode, finishedAtMs: exit.finishedAtMs, oomKilled };
}

const isOomPossible = ({ host }: RuntimeContext, record: RunRecord): boolean =>
  record.isMemoryLimited || host.version === 2;

/**
 * The exit file counts once the container's first process is gone. Where that lives on, the runtime or the monitor was
 * killed from under it: nobody would ever tell how it ended, so it is ended now.
 */
async function truthfulExit(context: RuntimeContext, live: Live): Promise<{ exitCode: number; finishedAtMs: number }> {
  const wasAlive = isAlive(live.init);
  if (wasAlive) await killCgroup(context.host, live.cgroup);
  const exit = live.folder.readExit();
  if (exit !== undefined) return exit;
  live.folder.writeExit(wasAlive ? EXIT_KILLED : EXIT_UNKNOWN);
  return live.folder.readExit() ?? { exitCode: EXIT_UNKNOWN, finishedAtMs: context.needs.now() };
}

import { unwind } from '../lib/index.ts';
import type { ExitFacts } from '../runtime/index.ts';
import type { Container, Run } from './container.ts';
import type { Context } from './context.ts';
import { removeExecDir } from './exec-dir.ts';
import { unmountShm } from './namespaces.ts';
import { removeLocked } from './remove.ts';
import { restartDelay, shouldRestart } from './restart-policy.ts';
import { dropRootfs } from './rootfs.ts';
import { next } from './state.ts';
import { formatTime } from './time.ts';

/**
 * Joins a run's output to its log and clients, and sees it out: everything it held is given back, `die` is told, waiters
 * hear of it, and then its restart policy or AutoRemove has its say (`again` starts it, outside this lock).
 */
export function watchRun(
  context: Context,
  container: Container,
  run: Run,
  again: (container: Container) => void,
): void {
  const pumped = container.hub.connect(run.process.io, run.log);
  void run.process.exited.then(async (facts) => {
    await pumped;
    container.hub.finish();
    await context.locks.run(container.id, () => exitLocked(context, container, run, facts, again));
  });
}

async function exitLocked(
  context: Context,
  container: Container,
  run: Run,
  facts: ExitFacts,
  again: (container: Container) => void,
): Promise<void> {
  if (container.run !== run) return;
  const { record } = container;
  const { state, hostConfig } = record;
  const willRestart = !context.isShuttingDown() && !container.keepOnExit && wantsRestart(container, facts);
  const isRemoving = hostConfig.AutoRemove === true && !container.keepOnExit && !context.isShuttingDown();
  state.status = next(state.status, willRestart ? 'exit-again' : 'exit');
  state.exitCode = facts.exitCode;
  state.oomKilled = facts.oomKilled;
  state.finishedAt = formatTime(facts.finishedAtMs);
  if (willRestart) record.restartCount++;
  // The runtime's trace of the end goes only when the record has it: a crash between them must not lose the exit code.
  await giveBack(context, container, run, isRemoving ? undefined : context.records.save(container));
  container.run = undefined;
  tellDeath(context, container, run, facts);
  container.waiters.exited(facts.exitCode);
  if (willRestart) scheduleRestart(container, facts, run, again);
  if (!isRemoving) return;
  await removeLocked(context, container, { volumes: true }).catch((error: unknown) =>
    context.warn(`container ${container.id} could not be removed: ${error}`),
  );
}

/** Network, mounts, log and run-time files at once; a failure of one keeps none of the others. */
async function giveBack(
  context: Context,
  container: Container,
  run: Run,
  saved: Promise<void> | undefined,
): Promise<void> {
  const { networks, volumes, runtime } = context;
  const tasks = [
    run.log.close(),
    run.sandbox === undefined ? undefined : networks.close(container.id),
    saved === undefined ? runtime.release(container.id) : saved.then(() => runtime.release(container.id)),
    ...container.record.mounts
      .filter((mount) => mount.type === 'volume')
      .map((mount) => volumes.unmount(mount.name, container.id)),
  ];
  const failures = (await Promise.allSettled(tasks)).filter((one) => one.status === 'rejected');
  await unwind([
    () => removeExecDir(container),
    () => {
      if (--container.mountUsers <= 0) dropRootfs(container);
    },
    () => unmountShm(container),
  ]).catch((error: unknown) => context.warn(`container ${container.id}: ${error}`));
  for (const { reason } of failures) context.warn(`container ${container.id}: cleaning up after its end: ${reason}`);
}

function tellDeath({ events }: Context, container: Container, run: Run, facts: ExitFacts): void {
  const { id, attributes } = container;
  if (facts.oomKilled) events.publish('container', 'oom', { id, attributes });
  const seconds = Math.max(0, Math.floor((facts.finishedAtMs - run.startedAtMs) / 1000));
  const extra = { exitCode: String(facts.exitCode), execDuration: String(seconds) };
  events.publish('container', 'die', { id, attributes: { ...attributes, ...extra } });
}

function wantsRestart({ record }: Container, facts: ExitFacts): boolean {
  return shouldRestart(record.hostConfig.RestartPolicy ?? {}, {
    exitCode: facts.exitCode,
    restartCount: record.restartCount,
    isManuallyStopped: record.isManuallyStopped,
  });
}

function scheduleRestart(
  container: Container,
  facts: ExitFacts,
  run: Run,
  again: (container: Container) => void,
): void {
  container.restartDelayMs = restartDelay(container.restartDelayMs, facts.finishedAtMs - run.startedAtMs);
  const timer = setTimeout(() => {
    container.cancelRestart = undefined;
    again(container);
  }, container.restartDelayMs);
  container.cancelRestart = () => {
    clearTimeout(timer);
    container.cancelRestart = undefined;
  };
}

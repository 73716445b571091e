import { longTimer } from '../lib/index.ts';
import type { Container } from './container.ts';
import type { Context } from './context.ts';
import { killNow, thaw } from './kill.ts';
import { parseSignal } from './signals.ts';
import { next } from './state.ts';

export interface StopOptions {
  signal?: string;
  timeoutSeconds?: number;
}

export type StopNeeds = Pick<Context, 'runtime' | 'events' | 'records' | 'config' | 'warn'>;
const DEFAULT_TIMEOUT_SECONDS = 10;
const SIGKILL = 9;
const SIGTERM = 15;

/** Its stop signal, its time, then SIGKILL. False when there was nothing to stop. A client that goes away changes nothing. */
export async function stopContainer(needs: StopNeeds, container: Container, options: StopOptions): Promise<boolean> {
  const { record, id } = container;
  const signal = options.signal ? parseSignal(options.signal) : undefined;
  if (record.state.status === 'restarting' && !container.isLive) {
    giveUpRestart(needs, container);
    return true;
  }
  if (!container.isLive) return false;
  record.isManuallyStopped = true;
  await endProcess(needs, container, signal, options.timeoutSeconds);
  if (!record.hostConfig.AutoRemove) needs.records.saveLater(container);
  needs.events.publish('container', 'stop', { id, attributes: container.attributes });
  return true;
}

/** Signal, patience, SIGKILL; returns when the container is seen to have ended. */
export async function endProcess(
  needs: Pick<StopNeeds, 'runtime' | 'events' | 'config' | 'warn'>,
  container: Container,
  asked: number | undefined,
  timeoutSeconds: number | undefined,
): Promise<void> {
  const { config } = container.record;
  const signal = asked ?? (config.StopSignal ? parseSignal(config.StopSignal) : SIGTERM);
  const seconds = timeoutSeconds ?? config.StopTimeout ?? needs.config.stopTimeoutSeconds ?? DEFAULT_TIMEOUT_SECONDS;
  const ended = container.waiters.add('next-exit').then(() => true);
  const tell = (sent: number): void =>
    needs.events.publish('container', 'kill', {
      id: container.id,
      attributes: { ...container.attributes, signal: String(sent) },
    });
  if (signal === SIGKILL) {
    await killNow(needs, container, () => tell(SIGKILL));
    return;
  }
  const isSent = await needs.runtime.kill(container.id, signal).then(
    () => true,
    () => false,
  );
  tell(signal);
  await thaw(needs, container);
  // A signal that could not be sent: the end is near, or the process is beyond signals. Two seconds tell.
  const patienceMs = isSent ? seconds * 1000 : 2000;
  if (await endedWithin(ended, seconds < 0 ? undefined : patienceMs)) return;
  await killNow(needs, container, () => tell(SIGKILL));
}

async function endedWithin(ended: Promise<boolean>, ms: number | undefined): Promise<boolean> {
  if (ms === undefined) return ended;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const cancel = longTimer(ms, () => resolve(false));
  try {
    return await Promise.race([ended, promise]);
  } finally {
    cancel();
  }
}

function giveUpRestart(needs: StopNeeds, container: Container): void {
  const { record } = container;
  container.cancelRestart?.();
  record.isManuallyStopped = true;
  record.state.status = next(record.state.status, 'give-up');
  needs.records.saveLater(container);
  needs.events.publish('container', 'stop', { id: container.id, attributes: container.attributes });
}

import { EngineError, isEngineError, messageOf, systemError } from '../errors/index.ts';
import type { Container } from './container.ts';
import type { Context } from './context.ts';
import { noSuchContainer, notRunning } from './errors.ts';
import { isSignalOfLinux, parseSignal } from './signals.ts';

const SIGKILL = 9;
const KILL_PATIENCE_MS = 10_000;

export type KillNeeds = Pick<Context, 'runtime' | 'warn'>;

/** @throws conflict `container-not-running`, invalid-parameter `invalid-signal`, with Docker's texts */
export async function killContainer(
  needs: KillNeeds & Pick<Context, 'directory' | 'events'>,
  ref: string,
  signalName: string,
): Promise<void> {
  const container = needs.directory.find(ref);
  if (container === undefined) throw wrapped(ref, noSuchContainer(ref));
  try {
    const signal = signalName === '' ? SIGKILL : parseSignal(signalName);
    if (!isSignalOfLinux(signal)) {
      throw new EngineError('invalid-parameter', `the linux daemon does not support signal ${signal}`, {
        code: 'invalid-signal',
      });
    }
    if (!container.isLive) throw notRunning(container.id);
    if (isFatalByIntent(container, signal)) {
      container.record.isManuallyStopped = true;
      if (signal === SIGKILL) {
        await killNow(needs, container, () => sent(needs, container, signal));
        return;
      }
    }
    await needs.runtime.kill(container.id, signal);
    sent(needs, container, signal);
    if (container.record.state.status === 'paused' && isFatalByIntent(container, signal)) await thaw(needs, container);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    if (error.code === 'process-gone') throw wrapped(ref, notRunning(container.id));
    throw wrapped(ref, error);
  }
}

/** SIGKILL, or the container's own stop signal: whoever sends it wants it to stay down. */
function isFatalByIntent({ record }: Container, signal: number): boolean {
  if (signal === SIGKILL) return true;
  const own = record.config.StopSignal;
  return own ? parseSignal(own) === signal : false;
}

function wrapped(ref: string, error: Error): Error {
  const text = `cannot kill container: ${ref}: ${messageOf(error)}`;
  if (!isEngineError(error)) return error;
  return new EngineError(error.kind, text, { code: error.code, cause: error });
}

function sent({ events }: Pick<Context, 'events'>, { id, attributes }: Container, signal: number): void {
  events.publish('container', 'kill', { id, attributes: { ...attributes, signal: String(signal) } });
}

/** A frozen process hears nothing but once it runs again. */
export async function thaw({ runtime }: KillNeeds, container: Container): Promise<void> {
  if (container.record.state.status === 'paused') await runtime.resume(container.id).catch(() => {});
}

/** Ends a container's processes whatever they do, and waits until it is seen to have ended. */
export async function killNow(needs: KillNeeds, container: Container, onSent: () => void = () => {}): Promise<void> {
  if (!container.isLive) return;
  const ended = container.waiters.add('next-exit');
  await needs.runtime.kill(container.id, SIGKILL).catch(() => {});
  onSent();
  await thaw(needs, container);
  if (await within(ended, KILL_PATIENCE_MS)) return;
  await needs.runtime.killAll(container.id);
  if (await within(ended, KILL_PATIENCE_MS)) return;
  throw systemError('kill-timeout', `tried to kill container, but did not receive an exit event`);
}

async function within(ended: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, ms, false);
  try {
    return (await Promise.race([ended.then(() => true), promise])) === true;
  } finally {
    clearTimeout(timer);
  }
}

import type { ContainerWaitResponse } from '../api/index.ts';
import type { Container } from './container.ts';
import type { WaitCondition } from './contract.ts';

/** Registered before this returns. A container that does not run satisfies `not-running` at once. */
export function waitContainer(
  container: Container,
  condition: WaitCondition,
  signal: AbortSignal,
): Promise<ContainerWaitResponse> {
  const { status, exitCode } = container.record.state;
  const isEnded = !container.isLive && status !== 'restarting';
  if (condition === 'not-running' && isEnded && status !== 'removing') {
    return Promise.resolve({ StatusCode: exitCode });
  }
  return container.waiters.add(condition, signal);
}

import type { RestartPolicy } from '../api/index.ts';

const FIRST_MS = 100;
const MAX_MS = 60_000;
/** A run at least this long was a good one: the next delay is the first again. */
const GOOD_RUN_MS = 10_000;

/** The pause before the next start, after one of `previousMs` (0: none yet) and a run of `ranMs`. */
export function restartDelay(previousMs: number, ranMs: number): number {
  return previousMs === 0 || ranMs >= GOOD_RUN_MS ? FIRST_MS : Math.min(previousMs * 2, MAX_MS);
}

export interface EndedRun {
  exitCode: number;
  restartCount: number;
  isManuallyStopped: boolean;
}

/** Does the policy want the container started again after it ended by itself? */
export function shouldRestart(policy: RestartPolicy, ended: EndedRun): boolean {
  if (ended.isManuallyStopped) return false;
  const { Name: name = 'no', MaximumRetryCount: max = 0 } = policy;
  switch (name) {
    case 'always':
    case 'unless-stopped':
      return true;
    case 'on-failure':
      return ended.exitCode !== 0 && (max === 0 || ended.restartCount < max);
    case '':
    case 'no':
      return false;
    default:
      return name satisfies never;
  }
}

/** Does it want it started when the daemon starts? */
export function shouldStartWithDaemon(policy: RestartPolicy, ended: EndedRun): boolean {
  if (policy.Name === 'always') return true;
  return shouldRestart(policy, ended);
}

import type { StateRecord } from '../record.ts';
import { parseTime } from '../time.ts';

/** `About a minute`, `3 days`: Docker's rounding. */
export function humanDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(ms / 3_600_000);
  if (hours === 1) return 'About an hour';
  if (hours < 48) return `${hours} hours`;
  const wholeHours = hours;
  if (wholeHours < 24 * 7 * 2) return `${Math.floor(wholeHours / 24)} days`;
  if (wholeHours < 24 * 30 * 2) return `${Math.floor(wholeHours / 24 / 7)} weeks`;
  if (wholeHours < 24 * 365 * 2) return `${Math.floor(wholeHours / 24 / 30)} months`;
  return `${Math.floor(ms / 3_600_000 / 24 / 365)} years`;
}

/** The STATUS column. */
export function statusText(state: StateRecord, nowMs: number): string {
  const up = (): string => `Up ${humanDuration(nowMs - parseTime(state.startedAt))}`;
  const ended = (): string => `(${state.exitCode}) ${humanDuration(nowMs - parseTime(state.finishedAt))} ago`;
  switch (state.status) {
    case 'running':
      return up();
    case 'paused':
      return `${up()} (Paused)`;
    case 'restarting':
      return `Restarting ${ended()}`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
    case 'created':
      return 'Created';
    case 'exited':
      return parseTime(state.startedAt) === 0 ? 'Created' : `Exited ${ended()}`;
    default:
      return state.status satisfies never;
  }
}

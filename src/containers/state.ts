import { conflict } from '../errors/index.ts';

/**
 *            start                 exit
 *   created ───────▶ running ───────────────▶ exited ◀─┐
 *      │             │    ▲ unpause      start │        │ policy gives up, or stop
 *      │       pause ▼    │             ◀──────┘        │
 *      │            paused┘   exit, policy says again   │
 *      │                  └──────────────────▶ restarting ──start──▶ running
 *      └───────────── remove ─────▶ removing ──▶ (gone) or dead
 */
export type Status = 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead';
export type Transition = 'start' | 'exit' | 'exit-again' | 'give-up' | 'pause' | 'unpause' | 'remove' | 'remove-failed';

const TABLE: Record<Transition, Partial<Record<Status, Status>>> = {
  start: { created: 'running', exited: 'running', restarting: 'running' },
  exit: { running: 'exited', paused: 'exited', removing: 'removing' },
  'exit-again': { running: 'restarting', paused: 'restarting', removing: 'removing' },
  'give-up': { restarting: 'exited' },
  pause: { running: 'paused' },
  unpause: { paused: 'running' },
  remove: { created: 'removing', exited: 'removing', dead: 'removing' },
  'remove-failed': { removing: 'dead' },
};

/** The status after `transition`. @throws conflict `bad-state` where the table has no row */
export function next(status: Status, transition: Transition): Status {
  const to = TABLE[transition][status];
  if (to === undefined) throw conflict('bad-state', `container is ${status}: it cannot ${transition}`);
  return to;
}

/** Has a process: running or paused. */
export function isLive(status: Status): boolean {
  return status === 'running' || status === 'paused';
}

export const STATUSES: readonly Status[] = ['created', 'running', 'paused', 'restarting', 'removing', 'exited', 'dead'];

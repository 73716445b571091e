import { readFileSync, writeFileSync } from 'node:fs';
import type { Logger } from './log.ts';

const OOM_SCORE = -500;

/** The kernel should kill containers before the daemon. Without CAP_SYS_RESOURCE it may not be told so: no harm. */
export function lowerOomScore(log: Logger): void {
  try {
    writeFileSync('/proc/self/oom_score_adj', String(OOM_SCORE));
  } catch {
    log.debug('the OOM score could not be lowered (CAP_SYS_RESOURCE is missing)');
  }
}

/**
 * The soft limit on open files that this process was started under. Node raises its own to the hard limit, and that
 * would be inherited by containers; its parent still has the original.
 */
export function originalOpenFileLimit(limits = parentLimits()): { soft: number; hard: number } {
  const line = limits.split('\n').find((each) => each.startsWith('Max open files'));
  const [, soft, hard] = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/.exec(line ?? '') ?? [];
  const read = (text: string | undefined, otherwise: number): number =>
    text !== undefined && /^\d+$/.test(text) ? Number(text) : otherwise;
  return { soft: read(soft, 1024), hard: read(hard, 524_288) };
}

function parentLimits(): string {
  try {
    return readFileSync(`/proc/${process.ppid}/limits`, 'utf8');
  } catch {
    return '';
  }
}

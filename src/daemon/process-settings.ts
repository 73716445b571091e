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
 * The limits on open files that this process was started under. Node raised its own soft limit to the hard one, and that
 * would be inherited by containers; its parent still has the original soft limit. The hard one is ours: a parent's may
 * be higher than what we may give.
 */
export function originalOpenFileLimit(
  own = limitsOf('self'),
  parent = limitsOf(String(process.ppid)),
): { soft: number; hard: number } {
  const hard = openFiles(own)?.hard ?? 524_288;
  return { soft: Math.min(openFiles(parent)?.soft ?? 1024, hard), hard };
}

function openFiles(limits: string): { soft: number; hard: number } | undefined {
  const found = /^Max open files\s+(\d+|unlimited)\s+(\d+|unlimited)/m.exec(limits);
  if (found === null) return undefined;
  const read = (text = ''): number => (text === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(text));
  return { soft: read(found[1]), hard: read(found[2]) };
}

function limitsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/limits`, 'utf8');
  } catch {
    return '';
  }
}

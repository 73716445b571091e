import { readFileSync } from 'node:fs';

const USUAL_SOFT = 1024;

/**
 * NOFILE as a program started by a shell would have it. Node raises its own soft limit to the hard one at start; what it
 * was before, the parent still shows (the launching shell, or init).
 */
export function originalNofile(): { soft: number; hard: number } {
  const own = readLimits('self') ?? { soft: USUAL_SOFT, hard: USUAL_SOFT };
  const parent = readLimits(String(process.ppid));
  const soft = parent !== undefined && parent.soft < own.hard ? parent.soft : Math.min(USUAL_SOFT, own.hard);
  return { soft, hard: own.hard };
}

function readLimits(pid: string): { soft: number; hard: number } | undefined {
  try {
    const match = /^Max open files\s+(\d+)\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
    return match === null ? undefined : { soft: Number(match[1]), hard: Number(match[2]) };
  } catch {
    return undefined;
  }
}

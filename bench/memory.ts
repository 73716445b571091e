import { readdirSync, readFileSync } from 'node:fs';

/** Proportional set size of a process in MiB: its own memory, and its share of what it shares. */
function pssMiB(pid: number): number {
  const kib = /^Pss:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1];
  return Number(kib ?? 0) / 1024;
}

/** Processes of the containers' monitors: in the cgroup that Berth keeps for them. */
function monitors(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return /berth.*monitor/.test(readFileSync(`/proc/${pid}/cgroup`, 'utf8'));
      } catch {
        return false;
      }
    });
}

/** The daemon at rest, and what its idle containers' monitors cost, as lines to print. */
export function idleMemory(daemonPid: number): string[] {
  const lines = [`memory_daemon             PSS ${pssMiB(daemonPid).toFixed(1)} MiB  (required ≤ 100)`];
  const pids = monitors();
  if (pids.length > 0) {
    const total = pids.reduce((sum, pid) => sum + pssMiB(pid), 0);
    lines.push(`memory_monitors           PSS ${total.toFixed(1)} MiB in ${pids.length} processes`);
  }
  return lines;
}

import { closeSync, constants, openSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupHost, UNIFIED } from './hierarchies.ts';

/** Tells whether the kernel has killed something in a cgroup because it was out of memory. */
export interface OomReport {
  /** A point in the kernel's records, to be kept with a run: what is older was another run's. */
  mark(): number;
  wasKilled(cgroup: string, since: number): boolean;
}

export function createOomReport(host: CgroupHost): OomReport {
  return host.version === 2 ? memoryEvents(host) : new KernelLog();
}

/** v2: the counter of the folder above the container's (hierarchical, and ours to remove, so it is still there). */
function memoryEvents(host: CgroupHost): OomReport {
  return {
    mark: () => 0,
    wasKilled(cgroup) {
      try {
        const text = readFileSync(join(host.mounts.get(UNIFIED) ?? '', cgroup, 'memory.events'), 'utf8');
        return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0) > 0;
      } catch {
        return false;
      }
    },
  };
}

const MAX_REMEMBERED = 4096;

/** v1: the counters go with the cgroup, but the kernel log's line `oom-kill:…,oom_memcg=/berth/<id>/c,…` stays. */
class KernelLog implements OomReport {
  /** cgroup → sequence number of its last kill. */
  readonly #kills = new Map<string, number>();
  #fd: number | undefined;
  #next = 0;

  mark(): number {
    this.#readNew();
    return this.#next;
  }

  wasKilled(cgroup: string, since: number): boolean {
    this.#readNew();
    for (const [killed, at] of this.#kills) {
      if (at >= since && (killed === cgroup || killed.startsWith(`${cgroup}/`))) return true;
    }
    return false;
  }

  /** The first call reads what the kernel still has; each record afterwards is read once. */
  #readNew(): void {
    try {
      this.#fd ??= openSync('/dev/kmsg', constants.O_RDONLY | constants.O_NONBLOCK);
    } catch {
      return;
    }
    const buffer = Buffer.allocUnsafe(8192);
    for (;;) {
      try {
        this.#note(buffer.toString('latin1', 0, readSync(this.#fd, buffer)));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        // EPIPE: records were overwritten before they were read; the next read goes on with the oldest there is.
        if (code === 'EPIPE' || code === 'EINVAL') continue;
        if (code !== 'EAGAIN') this.#close();
        return;
      }
    }
  }

  /** `<prefix>,<sequence>,<microseconds>,-;oom-kill:…,oom_memcg=<cgroup>,task_memcg=…` */
  #note(record: string): void {
    const sequence = Number(record.split(',', 2)[1]);
    this.#next = sequence + 1;
    const cgroup = /;oom-kill:.*,oom_memcg=([^,]+),/.exec(record)?.[1];
    if (cgroup === undefined) return;
    this.#kills.delete(cgroup);
    this.#kills.set(cgroup, sequence);
    const oldest = this.#kills.keys().next();
    if (this.#kills.size > MAX_REMEMBERED && !oldest.done) this.#kills.delete(oldest.value);
  }

  #close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }
}

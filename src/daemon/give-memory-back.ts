import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { trimHeap } from '../host/index.ts';

const EVERY_MS = 5000;
/** Below it there is nothing worth giving back. */
const ENOUGH_BYTES = 80 << 20;
/** Growth since the last time that is worth another collection. */
const WORTH_BYTES = 2 << 20;
/** Share of the time the event loop may be busy for the daemon to count as idle. */
const IDLE = 0.02;

/**
 * A daemon at rest is small. After a load (an import, a flood of output) freed buffers would stay with the process for good: when
 * it is idle and has grown since the last time, garbage is collected and freed pages go back to the system. Returns the stop.
 */
export function giveMemoryBackWhenIdle(): () => void {
  let before = performance.eventLoopUtilization();
  let leastBytes = 0;
  let collect: ((options: object) => void) | undefined;
  const timer = setInterval(() => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    const bytes = process.memoryUsage.rss();
    if (utilization > IDLE || bytes < Math.max(ENOUGH_BYTES, leastBytes + WORTH_BYTES)) return;
    if (collect === undefined) {
      setFlagsFromString('--expose-gc');
      collect = runInNewContext('gc') as (options: object) => void;
    }
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    trimHeap();
    leastBytes = process.memoryUsage.rss();
  }, EVERY_MS).unref();
  return () => clearInterval(timer);
}

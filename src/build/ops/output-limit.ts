const MAX_BYTES = 2 * 1024 * 1024;
const MAX_BYTES_PER_SECOND = 200 * 1024;

/**
 * How much of a step's output is shown: 2 MiB in all and 200 KiB for each second it has run, as BuildKit does. What is
 * over is dropped (the process is never slowed down), and that is said each time it starts or the limit is another one.
 */
export function createOutputLimit(now: () => number): (chunk: Buffer) => Buffer | undefined {
  const startedMs = now();
  let seenBytes = 0;
  let said = '';
  return (chunk) => {
    const seconds = Math.floor((now() - startedMs) / 1000) + 1;
    const bySpeed = seconds * MAX_BYTES_PER_SECOND;
    const limit = Math.min(bySpeed, MAX_BYTES);
    const room = Math.max(0, limit - seenBytes);
    // Clipped bytes do not count, so that output goes on when the step has calmed down.
    const shown = chunk.subarray(0, room);
    seenBytes += shown.length;
    if (shown.length === chunk.length) {
      said = '';
      return chunk;
    }
    const name = limit === MAX_BYTES ? '2MiB' : '200KiB/s';
    if (said === name) return shown.length > 0 ? shown : undefined;
    said = name;
    return Buffer.concat([shown, Buffer.from(`\n[output clipped, log limit ${name} reached]\n`)]);
  };
}

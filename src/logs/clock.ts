const NS_PER_MS = 1_000_000n;
/** The two clocks may be this far apart before the finer one is set anew. */
const DRIFT_NS = 2n * NS_PER_MS;

/** Unix time in nanoseconds: the system's milliseconds, between them the steady clock. */
export function createClock(): () => bigint {
  let offset = 0n;
  return () => {
    const steady = process.hrtime.bigint();
    const system = BigInt(Date.now()) * NS_PER_MS;
    const difference = steady + offset - system;
    if (difference < -NS_PER_MS || difference > DRIFT_NS) offset = system - steady;
    return steady + offset;
  };
}

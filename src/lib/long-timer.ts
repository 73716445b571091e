const MAX_MS = 2 ** 31 - 1;

/** A timer for any length: Node's own fires at once above 2^31-1 ms. Returns the cancel. */
export function longTimer(delayMs: number, fire: () => void): () => void {
  let left = delayMs;
  let timer: NodeJS.Timeout;
  const arm = (): void => {
    const step = Math.min(left, MAX_MS);
    left -= step;
    timer = setTimeout(() => (left > 0 ? arm() : fire()), step);
  };
  arm();
  return () => clearTimeout(timer);
}

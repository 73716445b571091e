const FORWARDED: NodeJS.Signals[] = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGCONT',
  'SIGALRM',
];

/** Hands the signals this program gets to `deliver` instead of dying of them. Returns the undo. */
export function forwardSignals(deliver: (signal: string) => void): () => void {
  const handlers = FORWARDED.map((signal) => {
    const handler = (): void => deliver(signal);
    process.on(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const undo of handlers) undo();
  };
}

/** Calls `resize` now and whenever the terminal changes its size. Returns the undo. */
export function followTerminalSize(
  stdout: NodeJS.WriteStream,
  resize: (rows: number, columns: number) => void,
): () => void {
  if (!stdout.isTTY) return () => {};
  const onResize = (): void => resize(stdout.rows, stdout.columns);
  onResize();
  stdout.on('resize', onResize);
  return () => stdout.off('resize', onResize);
}

let raw: NodeJS.ReadStream | undefined;

/** Keystrokes go to the process as they are. The undo is `restoreTerminal`, which every way out of the program calls. */
export function setRawMode(stdin: NodeJS.ReadStream): void {
  stdin.setRawMode(true);
  raw = stdin;
  // libuv's raw mode still turns each line feed of the output into two characters, which the container's terminal has done.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  spawnSync('stty', ['-opost'], { stdio: ['inherit', 'ignore', 'ignore'] });
}

/** Gives the terminal back; idempotent, and harmless when it was never taken. */
export function restoreTerminal(): void {
  try {
    raw?.setRawMode(false);
  } catch {
    // A terminal that hung up needs nothing from us.
  }
  raw = undefined;
}

/** Signals that would end this program while the terminal is raw: it is restored first, and the exit code is the shell's (128 + n). */
export function restoreOnSignals(): () => void {
  const codes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
  const undo = Object.entries(codes).map(([signal, code]) => {
    const handler = (): void => {
      restoreTerminal();
      process.exit(code);
    };
    process.once(signal, handler);
    return () => process.off(signal, handler);
  });
  return () => {
    for (const one of undo) one();
  };
}

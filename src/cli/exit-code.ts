import { isEngineError } from '../errors/index.ts';

/** A command's own exit code with, perhaps, a last word to the user. */
export class ExitError extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message = '') {
    super(message);
    this.exitCode = exitCode;
  }
}

/** What a failing start of a container means to a shell: 127 not found, 126 not executable, else 125 (docker's own rule: by text). */
export function startExitCode(message: string): number {
  if (/executable file not found|no such file or directory|system cannot find the file specified/.test(message))
    return 127;
  if (/permission denied|is a directory/.test(message)) return 126;
  return 125;
}

/** How an error reads on the terminal: the daemon's own are marked as such. */
export function describeError(error: unknown): string {
  if (isEngineError(error) && error.code === 'daemon-error') return `Error response from daemon: ${error.message}`;
  if (!(error instanceof Error)) return String(error);
  const { syscall, path } = error as NodeJS.ErrnoException;
  const [, reason] = /^E[A-Z0-9]+: (.*?)(, |$)/.exec(error.message) ?? [];
  return reason === undefined || path === undefined ? error.message : `${syscall} ${path}: ${reason}`;
}

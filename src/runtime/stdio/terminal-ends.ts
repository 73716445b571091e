import { Readable } from 'node:stream';
import { ReadStream } from 'node:tty';
import { setTerminalSize } from '../../host/index.ts';
import type { StdioMode } from '../contract.ts';
import type { ProcessEnds } from './process-ends.ts';
import { type Beginning, ProcessOutput } from './process-output.ts';
import { TerminalInput } from './terminal-input.ts';

/** Streams over a pty master (non-blocking), which they take over. Closing stdin closes nothing: a terminal has no such end. */
export function terminalEnds(master: number | undefined, stdio: StdioMode, beginning: Beginning): ProcessEnds {
  if (master === undefined) return noEnds();
  const stdout = new ProcessOutput(new ReadStream(master), master, beginning);
  const stdin = stdio.stdin === 'none' ? undefined : new TerminalInput(master, () => stdout.isOpen);
  const resize = (height: number, width: number): void => {
    if (stdout.isOpen) setTerminalSize(master, { height, width });
  };
  return { io: { stdout, resize, ...(stdin && { stdin }) }, outputs: [stdout], ...(stdin && { stdin }) };
}

/** The terminal is lost: nothing can be read or written any more. */
function noEnds(): ProcessEnds {
  return { io: { stdout: Readable.from([]), resize: () => {} }, outputs: [] };
}

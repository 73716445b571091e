import type { Duplex } from 'node:stream';
import { demultiplex } from '../../client/index.ts';
import type { Context } from '../command.ts';
import { readConfig } from '../config/config-file.ts';
import { DetachScanner, parseDetachKeys } from './detach-keys.ts';
import { restoreOnSignals, restoreTerminal, setRawMode } from './raw-mode.ts';

export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** What a flag says, else docker's config file, else the usual keys. */
export const detachKeysOf = (flag: string | undefined, env: NodeJS.ProcessEnv): string =>
  flag ?? readConfig(env).detachKeys ?? DEFAULT_DETACH_KEYS;

export interface SessionOptions {
  tty: boolean;
  /** Pass the user's input on. */
  stdin: boolean;
  /** '' turns them off. */
  detachKeys: string;
}

/** A user at an attached process. `done` tells how it ended; `restore` gives the terminal back (idempotent). */
export interface Session {
  done: Promise<'ended' | 'detached'>;
  restore(): void;
}

/** Joins the user's streams with a hijacked connection: raw terminal with a tty, stdcopy frames without. */
export function startSession(context: Context, connection: Duplex, options: SessionOptions): Session {
  const { stdin, stdout, stderr } = context;
  const isRaw = options.tty && options.stdin && stdin.isTTY;
  if (isRaw) setRawMode(stdin);
  const undoSignals = isRaw ? restoreOnSignals() : () => {};
  const { promise: detached, resolve: detach } = Promise.withResolvers<'detached'>();

  const stopInput = options.stdin
    ? forwardInput(stdin, connection, isRaw ? options.detachKeys : '', () => detach('detached'))
    : () => {};
  const output = (options.tty ? copyRaw(connection, stdout) : demultiplex(connection, stdout, stderr)).then(
    () => 'ended' as const,
    (error: NodeJS.ErrnoException) => {
      // The daemon going away mid-stream ends the session; what the process did is asked of `wait`.
      if (error.code === 'ECONNRESET' || error.code === 'ERR_STREAM_PREMATURE_CLOSE') return 'ended' as const;
      throw error;
    },
  );
  let isRestored = false;
  const restore = (): void => {
    if (isRestored) return;
    isRestored = true;
    stopInput();
    undoSignals();
    restoreTerminal();
    connection.destroy();
  };
  return { done: Promise.race([output, detached]).finally(restore), restore };
}

function forwardInput(
  stdin: NodeJS.ReadStream,
  connection: Duplex,
  detachKeys: string,
  detach: () => void,
): () => void {
  const scanner = new DetachScanner(parseDetachKeys(detachKeys));
  const onData = (chunk: Buffer): void => {
    const { pass, isDetached } = scanner.scan(chunk);
    if (pass.length > 0 && !connection.write(pass)) {
      stdin.pause();
      connection.once('drain', () => stdin.resume());
    }
    if (isDetached) detach();
  };
  const onEnd = (): void => void connection.end();
  stdin.on('data', onData);
  stdin.once('end', onEnd);
  stdin.once('error', onEnd);
  connection.on('error', () => {});
  return () => {
    stdin.off('data', onData);
    stdin.off('end', onEnd);
    stdin.off('error', onEnd);
    stdin.pause();
  };
}

async function copyRaw(source: Duplex, target: NodeJS.WriteStream): Promise<void> {
  for await (const chunk of source) {
    if (!target.write(chunk as Buffer)) await new Promise<void>((resolve) => target.once('drain', resolve));
  }
}

import { closeSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemError } from '../../errors/index.ts';
import { listenForConsole, openTerminal, receiveConsole, setTerminalSize } from '../../host/index.ts';
import type { RuntimeContext } from '../context.ts';

const PATIENCE_MS = 5000;
const O_RDWR = 2;

/**
 * How a process gets its terminal. crun makes one and sends us the master (`--console-socket`); runc does that only when it
 * is detached, so in the foreground it is given the other side of a terminal of ours, as its controlling one.
 */
export interface Console extends Disposable {
  /** For the runtime's command line. */
  args: readonly string[];
  /** What its 0, 1 and 2 are, where that matters. */
  slave?: { path: string; flags: number };
  /** The master, once the runtime has started the process; the caller's from then on. */
  take(): Promise<number>;
}

type Size = { height: number; width: number };

export const openConsole = (
  { found, folders }: Pick<RuntimeContext, 'found' | 'folders'>,
  size: Size | undefined,
): Console => (found.name === 'crun' ? socketConsole(folders.sockets) : ownConsole(size));

let count = 0;

function socketConsole(sockets: string): Console {
  const path = join(sockets, `${process.pid}-${++count}`);
  const listener = listenForConsole(path);
  return {
    args: ['--console-socket', path],
    async take() {
      const deadline = Date.now() + PATIENCE_MS;
      for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, 50)) {
        const master = receiveConsole(listener);
        if (master !== undefined) return master;
        if (Date.now() > deadline) throw systemError('console-missing', 'the container runtime sent no terminal');
        await sleep(waitMs);
      }
    },
    [Symbol.dispose]() {
      closeSync(listener);
      rmSync(path, { force: true });
    },
  };
}

function ownConsole(size: Size | undefined): Console {
  const { master, slavePath } = openTerminal();
  if (size !== undefined) setTerminalSize(master, size);
  let isTaken = false;
  return {
    args: [],
    slave: { path: slavePath, flags: O_RDWR },
    take: () => {
      isTaken = true;
      return Promise.resolve(master);
    },
    [Symbol.dispose]() {
      if (!isTaken) closeSync(master);
    },
  };
}

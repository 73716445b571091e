import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import {
  enlargePipe,
  makeFifo,
  openFifoBoth,
  openFifoReader,
  openFifoWriter,
  openFifoWriterNow,
} from '../host/index.ts';
import type { StdioMode } from './contract.ts';
import type { RunFolder } from './folder.ts';
import type { PipeDescriptors } from './stdio/pipe-ends.ts';

/**
 * The monitor: a `sh` of 0.2 MB that is the parent of the runtime's foreground `run`, in a session and a cgroup of its own.
 *
 *   0 1 2   the process's stdin, stdout, stderr (write-only ends), or /dev/null with a terminal
 *   3       `events`, both ends: a line when the process has ended, end of file when the monitor has
 *   4       `ack`, both ends: the daemon's line lets the monitor go
 *   5 6 7   both ends of `out`, `err`, `in`: they keep what is unread, and an open stdin open, while no daemon is there
 *
 * The runtime gets 0, 1 and 2 only, and the monitor lets go of them before it speaks: a terminal would not end otherwise.
 * `exit` is written in one write(2) and counts when it ends in a newline.
 * Arguments: the monitors' cgroup.procs files, `--`, the runtime's command line.
 */
export const MONITOR_SCRIPT = `while [ "$1" != -- ]; do echo 0 2>/dev/null >"$1"; shift; done; shift
"$@" 3>&- 4>&- 5>&- 6>&- 7>&-
echo $? >exit
exec </dev/null >/dev/null 2>&1
echo >&3
read -r _ <&4`;

/** What a monitor is started with, and our ends of it. The `child` descriptors are closed once it runs. */
export interface MonitorPipes {
  child: number[];
  ours: PipeDescriptors | undefined;
  events: number;
}

/** Makes the FIFOs of a run and opens every end of them. On failure nothing stays open. */
export function openMonitorPipes(folder: RunFolder, stdio: StdioMode): MonitorPipes {
  const opened: number[] = [];
  const keep = (fd: number): number => {
    opened.push(fd);
    return fd;
  };
  const nowhere = (): number => keep(openSync('/dev/null', constants.O_RDWR));
  const fifo = (name: 'out' | 'err' | 'in' | 'events' | 'ack'): { path: string; both: number } => {
    const path = folder.file(name);
    makeFifo(path);
    return { path, both: keep(openFifoBoth(path)) };
  };
  try {
    const events = fifo('events');
    const ack = fifo('ack');
    const eventsReader = keep(openFifoReader(events.path));
    if (stdio.tty) {
      const nulls = [nowhere(), nowhere(), nowhere()];
      return { child: [...nulls, events.both, ack.both], ours: undefined, events: eventsReader };
    }
    const output = (name: 'out' | 'err'): { reader: number; writer: number; both: number } => {
      const { path, both } = fifo(name);
      enlargePipe(both);
      return { reader: keep(openFifoReader(path)), writer: keep(openFifoWriter(path)), both };
    };
    const out = output('out');
    const err = output('err');
    const stdin = stdio.stdin === 'none' ? undefined : fifo('in');
    const ours: PipeDescriptors = { out: out.reader, err: err.reader };
    // Opened only to be inherited: a reader that a process of ours never uses.
    const stdinReader = stdin === undefined ? nowhere() : keep(openSync(stdin.path, constants.O_RDONLY));
    if (stdin !== undefined) ours.in = keep(openFifoWriterNow(stdin.path));
    const child = [stdinReader, out.writer, err.writer, events.both, ack.both, out.both, err.both];
    if (stdin !== undefined && stdio.stdin === 'open') child.push(stdin.both);
    else if (stdin !== undefined) closeSync(stdin.both);
    return { child, ours, events: eventsReader };
  } catch (error) {
    for (const fd of opened) closeSync(fd);
    throw error;
  }
}

/** Opens our ends of the FIFOs of a run whose monitor is there already, or has been. */
export function reopenPipes(folder: RunFolder, stdio: StdioMode): PipeDescriptors {
  const ours: PipeDescriptors = {
    out: openFifoReader(folder.file('out')),
    err: openFifoReader(folder.file('err')),
  };
  // With StdinOnce the first daemon's end was the end of stdin.
  if (stdio.stdin !== 'open') return ours;
  try {
    ours.in = openFifoWriterNow(folder.file('in'));
  } catch {
    // ENXIO: no monitor holds it any more.
  }
  return ours;
}

/** The monitor's voice: `ended` resolves when the process has ended, or the monitor has. */
export interface MonitorEvents {
  ended: Promise<void>;
  close(): void;
}

export function listenToMonitor(fd: number): MonitorEvents {
  const socket = new Socket({ fd, readable: true, writable: false });
  const { promise, resolve } = Promise.withResolvers<void>();
  for (const event of ['data', 'end', 'close', 'error']) socket.on(event, () => resolve());
  return { ended: promise, close: () => socket.destroy() };
}

export const reopenEvents = (folder: RunFolder): number => openFifoReader(folder.file('events'));

/** Lets the monitor go. @returns false when there is none */
export function acknowledge(folder: RunFolder): boolean {
  try {
    const fd = openFifoWriterNow(folder.file('ack'));
    try {
      writeSync(fd, '\n');
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    return false;
  }
}

/** Is a monitor there? It is what holds `ack` open. */
export function hasMonitor(folder: RunFolder): boolean {
  try {
    closeSync(openFifoWriterNow(folder.file('ack')));
    return true;
  } catch {
    return false;
  }
}

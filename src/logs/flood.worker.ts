// Frames and writes the output of containers that print more than the main thread should handle.
import { parentPort } from 'node:worker_threads';
import type { FromFlood, ToFlood } from './flood-messages.ts';
import { type Block, LineEncoder, newBlock, streamNames } from './line-encoder.ts';
import { RotatingFile } from './rotating-file.ts';

type Task = Exclude<ToFlood, { op: 'open' | 'rotate' }>;

interface Log {
  id: number;
  file: RotatingFile;
  encoder: LineEncoder;
  block: Block;
  tasks: Task[];
  isRunning: boolean;
  mayRotate: (() => void) | undefined;
}

const BLOCK_BYTES = 1 << 20;
const port = parentPort;
const logs = new Map<number, Log>();
const post = (message: FromFlood, transfer: ArrayBuffer[] = []): void => port?.postMessage(message, transfer);
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

port?.on('message', (message: ToFlood) => {
  if (message.op === 'open') return open(message);
  const log = logs.get(message.log);
  if (log === undefined) return;
  if (message.op === 'rotate') return log.mayRotate?.();
  log.tasks.push(message);
  if (!log.isRunning) void run(log);
});

function open({ log: id, base, maxBytes, maxFiles, attributes, carry }: Extract<ToFlood, { op: 'open' }>): void {
  const file = new RotatingFile(base, maxBytes, maxFiles);
  const block = newBlock(attributes, BLOCK_BYTES);
  const encoder = new LineEncoder(attributes, carry);
  logs.set(id, { id, file, encoder, block, tasks: [], isRunning: false, mayRotate: undefined });
  try {
    file.open();
  } catch {
    // The first append says why.
  }
}

async function run(log: Log): Promise<void> {
  log.isRunning = true;
  for (let task = log.tasks.shift(); task !== undefined; task = log.tasks.shift()) {
    if (task.op === 'write') await write(log, task);
    else await close(log, task.flush);
  }
  log.isRunning = false;
}

async function write(log: Log, { bytes, parts, timestamp }: Extract<Task, { op: 'write' }>): Promise<void> {
  const { encoder, block } = log;
  let error: string | undefined;
  let start = 0;
  encoder.setTime(timestamp);
  for (const [stream, length] of parts) {
    const chunk = new Uint8Array(bytes, start, length);
    start += length;
    for (let at = 0; at < length; ) {
      const before = at;
      at = encoder.encode(streamNames[stream], chunk, at, block);
      if (at < length || at === before) error = (await drain(log)) ?? error;
    }
  }
  error = (await drain(log)) ?? error;
  post({ op: 'written', log: log.id, bytes, ...(error === undefined ? {} : { error }) }, [bytes]);
}

/** Writes the block down and empties it. Returns what went wrong: then its lines are lost. */
async function drain(log: Log): Promise<string | undefined> {
  const { file, block } = log;
  try {
    for (let from = 0; from < block.length; ) {
      const next = file.append(block, from);
      if (next === from) await rotate(log);
      from = next;
    }
    return undefined;
  } catch (error) {
    return textOf(error);
  } finally {
    block.length = 0;
  }
}

/** The main thread says when: its readers open files by name. */
async function rotate(log: Log): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  log.mayRotate = resolve;
  post({ op: 'full', log: log.id });
  await promise;
  log.mayRotate = undefined;
  try {
    log.file.rotate();
  } finally {
    post({ op: 'rotated', log: log.id });
  }
}

async function close(log: Log, flush: boolean): Promise<void> {
  let error: string | undefined;
  if (flush) {
    log.encoder.flush(log.block);
    error = await drain(log);
  }
  log.file.close();
  logs.delete(log.id);
  post({ op: 'closed', log: log.id, carry: log.encoder.takeCarry(), ...(error === undefined ? {} : { error }) });
}

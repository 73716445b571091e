import { parentPort } from 'node:worker_threads';
import { EngineError } from '../../errors/index.ts';
import { type Failure, toFailure } from './failure.ts';
import { runTask, type Task, type TaskResult } from './task.ts';

/** Chunks that may be under way to or from a worker: enough to keep both sides busy, few enough to bound memory. */
export const CREDIT = 8;

export type ToWorker =
  | { type: 'start'; id: number; task: Task; hasInput: boolean }
  | { type: 'chunk'; id: number; chunk: Uint8Array }
  | { type: 'end'; id: number }
  | { type: 'cancel'; id: number; message: string }
  | { type: 'credit'; id: number };

export type FromWorker =
  | { type: 'done'; id: number; result: TaskResult }
  | { type: 'failed'; id: number; failure: Failure }
  | { type: 'chunk'; id: number; chunk: Uint8Array }
  | { type: 'credit'; id: number };

interface Running {
  chunks: Uint8Array[];
  isEnded: boolean;
  cancelled: string | undefined;
  credit: number;
  wake: () => void;
}

const port = parentPort;
const running = new Map<number, Running>();

const send = (message: FromWorker, transfer: ArrayBuffer[] = []): void => port?.postMessage(message, transfer);

const pause = (task: Running): Promise<void> =>
  new Promise((resolve) => {
    task.wake = resolve;
  });

function cancelledError(message: string): EngineError {
  return new EngineError('cancelled', message, { code: 'cancelled' });
}

async function* inputOf(id: number, task: Running): AsyncGenerator<Uint8Array> {
  for (;;) {
    if (task.cancelled !== undefined) throw cancelledError(task.cancelled);
    const chunk = task.chunks.shift();
    if (chunk !== undefined) {
      send({ type: 'credit', id });
      yield chunk;
    } else if (task.isEnded) return;
    else await pause(task);
  }
}

async function start(id: number, task: Task, hasInput: boolean): Promise<void> {
  const state: Running = { chunks: [], isEnded: false, cancelled: undefined, credit: CREDIT, wake: () => {} };
  running.set(id, state);
  try {
    const result = await runTask(task, {
      ...(hasInput && { input: inputOf(id, state) }),
      output: async (chunk) => {
        while (state.credit === 0 && state.cancelled === undefined) await pause(state);
        if (state.cancelled !== undefined) throw cancelledError(state.cancelled);
        state.credit--;
        const own =
          chunk.byteOffset === 0 && chunk.byteLength === chunk.buffer.byteLength ? chunk : Uint8Array.from(chunk);
        send({ type: 'chunk', id, chunk: own }, [own.buffer as ArrayBuffer]);
      },
    });
    send({ type: 'done', id, result });
  } catch (error) {
    send({ type: 'failed', id, failure: toFailure(error) });
  } finally {
    running.delete(id);
  }
}

port?.on('message', (message: ToWorker) => {
  if (message.type === 'start') return void start(message.id, message.task, message.hasInput);
  const task = running.get(message.id);
  if (task === undefined) return;
  if (message.type === 'chunk') task.chunks.push(message.chunk);
  else if (message.type === 'end') task.isEnded = true;
  else if (message.type === 'cancel') task.cancelled = message.message;
  else task.credit++;
  task.wake();
});

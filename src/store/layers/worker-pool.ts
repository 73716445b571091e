import { Worker } from 'node:worker_threads';
import { cancelled, messageOf, systemError } from '../../errors/index.ts';
import { fromFailure } from './failure.ts';
import { CREDIT, type FromWorker, type ToWorker } from './layers.worker.ts';
import type { Task, TaskResult } from './task.ts';

const MAX_WORKERS = 2;
const IDLE_MS = 10_000;

interface Job {
  onMessage(message: FromWorker): void;
  fail(error: Error): void;
}

/** One thread and what it does now. */
class TreeWorker {
  readonly jobs = new Map<number, Job>();
  readonly #worker: Worker;
  #idle: NodeJS.Timeout | undefined;

  constructor(onGone: (worker: TreeWorker) => void) {
    this.#worker = new Worker(new URL('./layers.worker.ts', import.meta.url), { name: 'layers' });
    this.#worker.unref();
    this.#worker.on('message', (message: FromWorker) => this.jobs.get(message.id)?.onMessage(message));
    const end = (error: Error): void => {
      onGone(this);
      for (const job of [...this.jobs.values()]) job.fail(error);
    };
    this.#worker.on('error', (error: Error) => end(systemError('layers-worker-died', error.message, { cause: error })));
    this.#worker.on('exit', () => end(systemError('layers-worker-died', 'the worker thread has ended')));
    this.#onIdle = () => onGone(this);
  }

  readonly #onIdle: () => void;

  send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  add(id: number, job: Job): void {
    clearTimeout(this.#idle);
    this.#worker.ref();
    this.jobs.set(id, job);
  }

  delete(id: number): void {
    this.jobs.delete(id);
    if (this.jobs.size > 0) return;
    this.#worker.unref();
    // A thread costs some 10 MB: given back when nothing is asked of it for a while.
    this.#idle = setTimeout(() => {
      this.#onIdle();
      void this.#worker.terminate();
    }, IDLE_MS).unref();
  }
}

/** Threads that work on trees: started when first needed, ended when idle. */
export class WorkerPool {
  readonly #workers: TreeWorker[] = [];
  #lastId = 0;

  #pick(): TreeWorker {
    const free = this.#workers.find((worker) => worker.jobs.size === 0);
    if (free !== undefined) return free;
    if (this.#workers.length < MAX_WORKERS) {
      const worker = new TreeWorker((gone) => {
        const at = this.#workers.indexOf(gone);
        if (at >= 0) this.#workers.splice(at, 1);
      });
      this.#workers.push(worker);
      return worker;
    }
    return this.#workers.reduce((least, worker) => (worker.jobs.size < least.jobs.size ? worker : least));
  }

  /** Does a task in a thread. `input` is read as fast as the thread takes it; `output` is awaited before more is made. */
  run(
    task: Task,
    streams: { input?: AsyncIterable<Uint8Array>; output?: (chunk: Buffer) => Promise<void> } = {},
    signal?: AbortSignal,
  ): Promise<TaskResult> {
    const id = ++this.#lastId;
    const worker = this.#pick();
    return new Promise((resolve, reject) => {
      let credit = CREDIT;
      let wake = (): void => {};
      let isOver = false;
      let failure: Error | undefined;
      const over = (): boolean => {
        if (isOver) return false;
        isOver = true;
        worker.delete(id);
        signal?.removeEventListener('abort', abort);
        wake();
        return true;
      };
      // The thread is waited for even when the outcome is known: it still works with fds that the caller will close.
      const cancel = (error: Error): void => {
        failure ??= error;
        worker.send({ type: 'cancel', id, message: messageOf(error) });
      };
      const abort = (): void => cancel(cancelled('cancelled', 'the work was cancelled'));
      worker.add(id, {
        fail: (error) => over() && reject(failure ?? error),
        onMessage(message) {
          if (message.type === 'done') over() && (failure === undefined ? resolve(message.result) : reject(failure));
          else if (message.type === 'failed') over() && reject(failure ?? fromFailure(message.failure));
          else if (message.type === 'credit') {
            credit++;
            wake();
          } else {
            const { chunk } = message;
            streams
              .output?.(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
              .then(() => worker.send({ type: 'credit', id }), cancel);
          }
        },
      });
      worker.send({ type: 'start', id, task, hasInput: streams.input !== undefined });
      signal?.addEventListener('abort', abort);
      if (signal?.aborted) abort();
      if (streams.input === undefined) return;
      const feed = async (input: AsyncIterable<Uint8Array>): Promise<void> => {
        for await (const chunk of input) {
          while (credit === 0 && !isOver) {
            await new Promise<void>((resume) => {
              wake = resume;
            });
          }
          if (isOver) return;
          credit--;
          const own = Uint8Array.from(chunk);
          worker.send({ type: 'chunk', id, chunk: own }, [own.buffer]);
        }
        worker.send({ type: 'end', id });
      };
      feed(streams.input).catch(cancel);
    });
  }
}

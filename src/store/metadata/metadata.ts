import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { noSpace, systemError } from '../../errors/index.ts';
import type { Change, Metadata } from './contract.ts';
import type { RawChange } from './database.ts';
import type { Reply, Request } from './worker.ts';

export interface MetadataNeeds {
  /** The SQLite file; its folder is made. */
  path: string;
  /** The worker's program, where it is not beside this module (a bundle). */
  workerFile?: string | URL;
}

type Batch = { changes: RawChange[]; settle: ((error?: Error) => void)[] };

/**
 * Starts the worker and opens the file. Batches that arrive while one is being committed share the next commit.
 * @throws system `metadata-damaged`, `metadata-too-new`
 */
export async function openMetadata(needs: MetadataNeeds): Promise<Metadata> {
  await mkdir(dirname(needs.path), { recursive: true, mode: 0o700 });
  const worker = new Worker(needs.workerFile ?? new URL('./worker.ts', import.meta.url), {
    workerData: { path: needs.path },
    name: 'metadata',
  });
  let lastId = 0;
  let lost: Error | undefined;
  const waiting = new Map<number, (reply: Reply | Error) => void>();
  worker.on('message', (reply: Reply) => {
    const done = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (waiting.size === 0) worker.unref();
    done?.(reply);
  });
  const lose = (error: Error): void => {
    lost ??= error;
    for (const done of waiting.values()) done(lost);
    waiting.clear();
  };
  worker.on('error', (error: Error) => lose(systemError('metadata-failed', error.message, { cause: error })));
  worker.on('exit', () => lose(systemError('metadata-closed', 'the metadata file is closed')));
  worker.unref();

  type Question = Request extends infer R ? (R extends Request ? Omit<R, 'id'> : never) : never;
  function ask(question: Question): Promise<Extract<Reply, { rows?: unknown }>> {
    return new Promise((resolve, reject) => {
      if (lost !== undefined) return reject(lost);
      const id = ++lastId;
      waiting.set(id, (reply) => {
        if (reply instanceof Error) reject(reply);
        else if ('failure' in reply) reject(toError(reply.failure));
        else resolve(reply);
      });
      // Only while an answer is due does the worker keep the process alive.
      worker.ref();
      worker.postMessage({ ...question, id });
    });
  }

  let next: Batch | undefined;
  let isCommitting = false;
  async function commitAll(): Promise<void> {
    isCommitting = true;
    while (next !== undefined) {
      const batch: Batch = next;
      next = undefined;
      try {
        await ask({ type: 'write', changes: batch.changes });
        for (const settle of batch.settle) settle();
      } catch (error) {
        for (const settle of batch.settle) settle(error instanceof Error ? error : new Error(String(error)));
      }
    }
    isCommitting = false;
  }

  const metadata: Metadata = {
    async load<T>(bucket: string) {
      const { rows = [] } = await ask({ type: 'load', bucket });
      return rows.map(({ key, json }) => ({ key, value: parse<T>(json, bucket, key) }));
    },
    write(changes) {
      if (changes.length === 0) return Promise.resolve();
      const raw = changes.map(toRaw);
      return new Promise((resolve, reject) => {
        next ??= { changes: [], settle: [] };
        next.changes.push(...raw);
        next.settle.push((error) => (error === undefined ? resolve() : reject(error)));
        if (!isCommitting) void commitAll();
      });
    },
    async close() {
      if (lost !== undefined) return;
      await ask({ type: 'close' });
      await worker.terminate();
    },
  };
  try {
    await metadata.load('');
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  return metadata;
}

function toRaw(change: Change): RawChange {
  const { bucket, key } = change;
  return { bucket, key, json: 'put' in change ? JSON.stringify(change.put) : undefined };
}

function parse<T>(json: string, bucket: string, key: string): T {
  try {
    return JSON.parse(json) as T;
  } catch (cause) {
    throw systemError('metadata-damaged', `the record ${bucket}/${key} is damaged`, { cause, detail: { bucket, key } });
  }
}

function toError(failure: { code: string; message: string }): Error {
  return failure.code === 'no-space'
    ? noSpace('no-space', failure.message)
    : systemError(failure.code, failure.message);
}

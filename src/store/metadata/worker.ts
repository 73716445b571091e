import { parentPort, workerData } from 'node:worker_threads';
import { type Database, DatabaseError, openDatabase, type RawChange } from './database.ts';
import { createReserve } from './reserve.ts';

/** Main thread to worker; `id` comes back in the reply. */
export type Request =
  | { id: number; type: 'load'; bucket: string }
  | { id: number; type: 'write'; changes: RawChange[] }
  | { id: number; type: 'close' };

export type Reply =
  | { id: number; rows?: { key: string; json: string }[] }
  | { id: number; failure: { code: string; message: string } };

const port = parentPort;
let database: Database | undefined;
const reserve = createReserve(String(workerData.path));

function answer(request: Request): Reply {
  try {
    // Opened by the first message, so that a damaged file is an answer and not a crash of the thread.
    database ??= openDatabase(String(workerData.path));
    switch (request.type) {
      case 'load':
        return { id: request.id, rows: database.load(request.bucket) };
      case 'write':
        write(database, request.changes);
        return { id: request.id };
      case 'close':
        database.close();
        return { id: request.id };
      default:
        return request satisfies never;
    }
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    const message = isFull(error) ? `no space left on device: ${text}` : text;
    const code = error instanceof DatabaseError ? error.code : isFull(error) ? 'no-space' : 'metadata-failed';
    return { id: request.id, failure: { code, message } };
  }
}

const isFull = (error: unknown): boolean => error instanceof Error && error.message.includes('disk is full');

function write(to: Database, changes: RawChange[]): void {
  try {
    to.write(changes);
  } catch (error) {
    // Only for what takes records away: anything else would spend it.
    const isRemoval = changes.some(({ json }) => json === undefined);
    if (!isFull(error) || !isRemoval || !reserve.release()) throw error;
    to.write(changes);
    return;
  }
  reserve.fill();
}

port?.on('message', (request: Request) => port.postMessage(answer(request)));

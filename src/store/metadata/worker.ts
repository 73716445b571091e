import { parentPort, workerData } from 'node:worker_threads';
import { type Database, DatabaseError, openDatabase, type RawChange } from './database.ts';

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

function answer(request: Request): Reply {
  try {
    // Opened by the first message, so that a damaged file is an answer and not a crash of the thread.
    database ??= openDatabase(String(workerData.path));
    switch (request.type) {
      case 'load':
        return { id: request.id, rows: database.load(request.bucket) };
      case 'write':
        database.write(request.changes);
        return { id: request.id };
      case 'close':
        database.close();
        return { id: request.id };
      default:
        return request satisfies never;
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code =
      error instanceof DatabaseError ? error.code : message.includes('full') ? 'no-space' : 'metadata-failed';
    return { id: request.id, failure: { code, message } };
  }
}

port?.on('message', (request: Request) => port.postMessage(answer(request)));

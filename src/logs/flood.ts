import { Worker } from 'node:worker_threads';
import type { FromFlood, ToFlood } from './flood-messages.ts';

/** What a log that floods hears of the worker. */
export interface FloodClient {
  onMessage(message: FromFlood): void;
  /** The worker died; what was in flight is lost. */
  onDeath(error: Error): void;
}

const IDLE_MS = 10_000;

/** The one worker thread of all flooding logs: started when first needed, ended when none has flooded for a while. */
export class Flood {
  readonly #clients = new Map<number, FloodClient>();
  #worker: Worker | undefined;
  #next = 1;
  #idle: NodeJS.Timeout | undefined;

  /** Gives the log's number for the messages. */
  join(client: FloodClient): number {
    clearTimeout(this.#idle);
    this.#start();
    const log = this.#next++;
    this.#clients.set(log, client);
    return log;
  }

  leave(log: number): void {
    this.#clients.delete(log);
    if (this.#clients.size > 0) return;
    this.#idle = setTimeout(() => void this.close(), IDLE_MS);
    this.#idle.unref();
  }

  post(message: ToFlood, transfer: ArrayBuffer[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }

  async close(): Promise<void> {
    clearTimeout(this.#idle);
    if (this.#clients.size > 0) return;
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }

  #start(): void {
    if (this.#worker !== undefined) return;
    const worker = new Worker(new URL('./flood.worker.ts', import.meta.url));
    this.#worker = worker;
    worker.on('message', (message: FromFlood) => this.#clients.get(message.log)?.onMessage(message));
    worker.on('error', (error) => {
      if (this.#worker === worker) this.#worker = undefined;
      const clients = [...this.#clients.values()];
      this.#clients.clear();
      for (const client of clients) client.onDeath(error instanceof Error ? error : new Error(String(error)));
    });
  }
}

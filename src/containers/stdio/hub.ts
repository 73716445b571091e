import type { Readable, Writable } from 'node:stream';
import type { LogWriter } from '../../logs/index.ts';
import type { ProcessIo } from '../../runtime/index.ts';
import { type ClientRequest, StdioClient } from './client.ts';

type Stream = 'stdout' | 'stderr';

/**
 * Fans one process's output out to its log and to the clients attached. The slowest of them sets the pace: nothing is
 * dropped and nothing piles up. Clients may come before the process starts and wait for it here.
 */
export class StdioHub {
  readonly #clients = new Set<StdioClient>();
  #io: ProcessIo | undefined;
  #log: LogWriter | undefined;
  #blocks = 0;
  #started = Promise.withResolvers<ProcessIo>();

  /** Joins a process's streams. Resolves when its output has ended and is in the log's hands. */
  async connect(io: ProcessIo, log: LogWriter | undefined): Promise<void> {
    this.#io = io;
    this.#log = log;
    this.#started.resolve(io);
    io.stdin?.on('error', () => {});
    await Promise.all([this.#pump('stdout', io.stdout), io.stderr && this.#pump('stderr', io.stderr)]);
  }

  /** The process is over: ends every client, and the next process can join. */
  finish(): void {
    this.#io = undefined;
    this.#log = undefined;
    this.#started = Promise.withResolvers<ProcessIo>();
    for (const client of this.#clients) client.end();
    this.#clients.clear();
  }

  add(request: ClientRequest): StdioClient {
    const client = new StdioClient(request);
    this.#clients.add(client);
    void client.ended.then(() => this.#clients.delete(client));
    return client;
  }

  /** The process's standard input, once it runs. */
  async stdin(): Promise<Writable | undefined> {
    return (await this.#started.promise).stdin;
  }

  resize(height: number, width: number): void {
    this.#io?.resize(height, width);
  }

  /** No output moves until the returned function is called. */
  hold(): () => void {
    this.#block();
    let isHeld = true;
    return () => {
      if (isHeld) this.#unblock();
      isHeld = false;
    };
  }

  #pump(name: Stream, stream: Readable): Promise<void> {
    return new Promise((resolve) => {
      stream.on('data', (chunk: Buffer) => this.#deliver(name, chunk));
      stream.once('close', resolve);
      stream.once('end', resolve);
      stream.on('error', () => resolve());
      if (this.#blocks > 0) stream.pause();
    });
  }

  #deliver(name: Stream, chunk: Buffer): void {
    for (const client of this.#clients) {
      if (!client.send(name, chunk)) this.#waitFor(client.drained());
    }
    const log = this.#log;
    if (log !== undefined && !log.write(name, chunk)) this.#waitFor(log.drained());
  }

  #waitFor(drained: Promise<void>): void {
    this.#block();
    void drained.catch(() => {}).then(() => this.#unblock());
  }

  #block(): void {
    if (this.#blocks++ > 0) return;
    this.#io?.stdout.pause();
    this.#io?.stderr?.pause();
  }

  #unblock(): void {
    if (--this.#blocks > 0) return;
    this.#io?.stdout.resume();
    this.#io?.stderr?.resume();
  }
}

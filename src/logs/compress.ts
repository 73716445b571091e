import fs from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { LiveLog } from './live-log.ts';

/**
 * Compresses rotated files one after the other, in the thread pool. Meanwhile a file may be numbered up: it is read
 * through one descriptor, and in the end takes the number that its generation has by then.
 */
export class Compressor {
  readonly #base: string;
  readonly #maxFiles: number;
  readonly #live: LiveLog;
  #tail: Promise<void> = Promise.resolve();

  constructor(base: string, maxFiles: number, live: LiveLog) {
    this.#base = base;
    this.#maxFiles = maxFiles;
    this.#live = live;
  }

  add(generation: number): void {
    this.#tail = this.#tail.then(() => this.#compress(generation)).catch(() => {});
  }

  idle(): Promise<void> {
    return this.#tail;
  }

  /** Where the generation lies now; undefined when it has been rotated away. Valid for this turn of the event loop. */
  #path(generation: number): string | undefined {
    const index = this.#live.generation - generation;
    return index < this.#maxFiles ? `${this.#base}.${index}` : undefined;
  }

  async #compress(generation: number): Promise<void> {
    while (this.#live.isRotating) await this.#live.changed();
    const source = this.#path(generation);
    if (source === undefined) return;
    const partial = `${this.#base}.gz-partial`;
    try {
      const input = fs.createReadStream('', { fd: fs.openSync(source, 'r') });
      await pipeline(input, createGzip({ level: 1 }), fs.createWriteStream(partial, { mode: 0o640 }));
      while (this.#live.isRotating) await this.#live.changed();
      const path = this.#path(generation);
      if (path === undefined) return;
      fs.renameSync(partial, `${path}.gz`);
      fs.rmSync(path, { force: true });
    } finally {
      fs.rmSync(partial, { force: true });
    }
  }
}

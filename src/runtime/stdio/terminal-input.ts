import { writeSync } from 'node:fs';
import { Writable } from 'node:stream';

const HIGH_WATER_BYTES = 64 * 1024;
const FIRST_RETRY_MS = 2;
const SLOWEST_RETRY_MS = 50;

/**
 * Writes to a terminal that may have no reader: the descriptor is non-blocking, and what does not fit waits here, up to
 * the stream's high water mark. `isOpen` guards against writing to a number that another file has got since.
 */
export class TerminalInput extends Writable {
  readonly #fd: number;
  readonly #isOpen: () => boolean;
  #timer: NodeJS.Timeout | undefined;

  constructor(fd: number, isOpen: () => boolean) {
    super({ highWaterMark: HIGH_WATER_BYTES, decodeStrings: true });
    this.#fd = fd;
    this.#isOpen = isOpen;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#writeRest(chunk, FIRST_RETRY_MS, done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    done(error);
  }

  #writeRest(rest: Buffer, retryMs: number, done: (error?: Error | null) => void): void {
    // Input for a process that has ended goes nowhere, as in a pipe nobody is told of.
    if (!this.#isOpen() || this.destroyed) return done();
    let written = 0;
    try {
      written = writeSync(this.#fd, rest);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return done();
    }
    if (written === rest.length) return done();
    const left = rest.subarray(written);
    const nextMs = written > 0 ? FIRST_RETRY_MS : Math.min(retryMs * 2, SLOWEST_RETRY_MS);
    this.#timer = setTimeout(() => this.#writeRest(left, nextMs, done), retryMs);
  }
}

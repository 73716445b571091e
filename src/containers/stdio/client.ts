import type { Writable } from 'node:stream';
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../../api/index.ts';

/** More than this unsent, and the process has to wait for the client. */
const PENDING_BYTES = 1024 * 1024;

export interface ClientRequest {
  output: Writable;
  tty: boolean;
  stdout: boolean;
  stderr: boolean;
}

/** One attached client: takes output, frames it, says when it cannot keep up. */
export class StdioClient {
  readonly #request: ClientRequest;
  /** Resolves when the process's output has ended, or the client's side broke. */
  readonly ended: Promise<void>;
  readonly #end: () => void;
  #isEnded = false;

  constructor(request: ClientRequest) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#request = request;
    this.ended = promise;
    this.#end = resolve;
    const { output } = request;
    output.once('close', () => this.end());
    output.on('error', () => this.end());
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  end(): void {
    this.#isEnded = true;
    this.#end();
  }

  /** False: the client is behind; wait for `drained`. `chunk` must not change any more. */
  send(stream: 'stdout' | 'stderr', chunk: Buffer): boolean {
    const { output, tty } = this.#request;
    if (this.#isEnded || output.destroyed || output.writableEnded || !this.#request[stream]) return true;
    if (tty) output.write(chunk);
    else {
      const header = Buffer.allocUnsafe(FRAME_HEADER_BYTES);
      writeFrameHeader(header, 0, stream, chunk.length);
      output.cork();
      output.write(header);
      output.write(chunk);
      output.uncork();
    }
    return output.writableLength < PENDING_BYTES;
  }

  drained(): Promise<void> {
    const { output } = this.#request;
    if (this.#isEnded || output.destroyed || !output.writableNeedDrain) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        output.off('drain', done);
        resolve();
      };
      output.once('drain', done);
      void this.ended.then(done);
    });
  }
}

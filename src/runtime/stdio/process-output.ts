import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { ReadStream } from 'node:tty';
import { bytesWaiting } from '../../host/index.ts';

const HIGH_WATER_BYTES = 128 * 1024;
const EAGER_TURNS = 16;
const HOLD_BACK_MS = 100;
/** What FIONREAD does not count yet: the kernel's own buffers of a terminal. */
const TERMINAL_HIDES_BYTES = 128 * 1024;
const TERMINAL_QUIET_MS = 100;

/** Looks at the beginning of an output before it is delivered. */
export interface Beginning {
  /** All that has come so far. @returns what is to be delivered in its place; undefined: more is needed to tell */
  rewrite(soFar: Buffer): Buffer | undefined;
}

/**
 * Our reading end of a process's stdout, stderr or terminal. It ends when the process has ended (`settle`) and all that it
 * had written until then is read, or at the end of file. A reader that is slow slows the process; one that destroys the
 * stream does not: the rest is thrown away, so that nothing ever blocks on a reader that has left.
 */
export class ProcessOutput extends Readable {
  readonly #source: Socket;
  readonly #fd: number;
  readonly #closed: Promise<void>;
  readonly #isTerminal: boolean;
  #beginning: Beginning | undefined;
  #heldBack: Buffer[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOver = false;
  #bytesRead = 0;

  /** Takes `source` over, which reads `fd`. */
  constructor(source: Socket, fd: number, beginning?: Beginning) {
    super({ highWaterMark: HIGH_WATER_BYTES, autoDestroy: true });
    this.#source = source;
    this.#fd = fd;
    this.#isTerminal = source instanceof ReadStream;
    this.#beginning = beginning;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    source.on('data', (chunk: Buffer) => this.#take(chunk));
    // A terminal's end is EIO; whatever else fails here is the end as well.
    source.on('error', () => this.#finish());
    source.on('end', () => this.#finish());
    source.on('close', () => {
      this.#finish();
      resolve();
    });
    source.pause();
  }

  /** Has the descriptor not been closed yet? */
  get isOpen(): boolean {
    return !this.#isOver;
  }

  /**
   * The process has ended: ends the stream once what waits in the pipe now has been read (more could only come from what
   * it left behind). Resolves when the descriptor is closed; what is buffered is still the reader's.
   */
  async settle(): Promise<void> {
    const enough = this.#bytesRead + this.#unread() + (this.#isTerminal ? TERMINAL_HIDES_BYTES : 0);
    let quietAt = performance.now();
    for (let turn = 0; !this.#isOver && this.#bytesRead < enough; turn++) {
      if (this.#unread() > 0) quietAt = performance.now();
      // A terminal ends by itself (EIO) when its other side is closed everywhere. Until then bytes are on their way inside.
      else if (!this.#isTerminal || performance.now() - quietAt > TERMINAL_QUIET_MS) break;
      await (turn < EAGER_TURNS ? nextTurn() : sleep(Math.min(turn - EAGER_TURNS, 20)));
    }
    this.#finish();
    return this.#closed;
  }

  #unread(): number {
    return this.#isOver ? 0 : this.#source.readableLength + bytesWaiting(this.#fd);
  }

  override _read(): void {
    this.#source.resume();
  }

  /** The reader has left: the source goes on, into nothing. */
  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    if (!this.#isOver) this.#source.resume();
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#bytesRead += chunk.length;
    if (this.#isOver || this.destroyed) return;
    if (this.#beginning !== undefined) this.#begin(this.#beginning, chunk);
    else this.#deliver(chunk);
  }

  #begin(beginning: Beginning, chunk: Buffer): void {
    this.#heldBack.push(chunk);
    const rewritten = beginning.rewrite(Buffer.concat(this.#heldBack));
    if (rewritten === undefined) this.#timer ??= setTimeout(() => this.#letGo(), HOLD_BACK_MS);
    else this.#letGo(rewritten);
  }

  /** No more is held back. */
  #letGo(chunk: Buffer = Buffer.concat(this.#heldBack)): void {
    clearTimeout(this.#timer);
    this.#beginning = undefined;
    this.#heldBack = [];
    if (chunk.length > 0 && !this.destroyed) this.#deliver(chunk);
  }

  #deliver(chunk: Buffer): void {
    if (!this.push(chunk)) this.#source.pause();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#letGo();
    this.#isOver = true;
    if (!this.destroyed) this.push(null);
    this.#source.destroy();
  }
}

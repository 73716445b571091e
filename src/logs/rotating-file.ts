import fs from 'node:fs';
import type { Block } from './line-encoder.ts';

const NEWLINE = 10;

/**
 * The newest file of a log, written with synchronous calls (into the page cache: tens of microseconds).
 *
 *     <base>            generation n, being written
 *     <base>.1          generation n-1        or <base>.1.gz
 *     <base>.2          generation n-2        …
 *
 * Only whole lines are written, so a file holds only whole lines, whatever happens to the daemon.
 */
export class RotatingFile {
  readonly #base: string;
  readonly #maxBytes: number;
  readonly #maxFiles: number;
  #fd = -1;
  #size = 0;

  constructor(base: string, maxBytes: number, maxFiles: number) {
    this.#base = base;
    this.#maxBytes = maxBytes;
    this.#maxFiles = maxFiles;
  }

  get size(): number {
    return this.#size;
  }

  open(): void {
    this.#fd = fs.openSync(this.#base, fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_APPEND, 0o640);
    this.#size = fs.fstatSync(this.#fd).size;
    this.#dropTornLine();
  }

  close(): void {
    if (this.#fd >= 0) fs.closeSync(this.#fd);
    this.#fd = -1;
  }

  /** Writes lines of the block from `from` on while the file has room (a line at least); returns where it stopped. */
  append(block: Block, from: number): number {
    const room = this.#maxBytes - this.#size;
    const end = block.length - from <= room ? block.length : this.#lastFitting(block, from, room);
    const before = this.#size;
    try {
      for (let at = from; at < end; ) {
        const written = fs.writeSync(this.#fd, block.bytes, at, end - at);
        at += written;
        this.#size += written;
      }
    } catch (error) {
      fs.ftruncateSync(this.#fd, before);
      this.#size = before;
      throw error;
    }
    return end;
  }

  /** Makes room: every file one number up, the oldest removed, a new one begun. */
  rotate(): void {
    this.close();
    if (this.#maxFiles === 1) fs.rmSync(this.#base, { force: true });
    else {
      const oldest = this.#maxFiles - 1;
      for (const ending of ['', '.gz']) fs.rmSync(`${this.#base}.${oldest}${ending}`, { force: true });
      for (let index = oldest - 1; index >= 1; index--)
        for (const ending of ['', '.gz'])
          renameIfThere(`${this.#base}.${index}${ending}`, `${this.#base}.${index + 1}${ending}`);
      renameIfThere(this.#base, `${this.#base}.1`);
    }
    this.open();
  }

  #lastFitting(block: Block, from: number, room: number): number {
    const inRoom = room <= 0 ? -1 : block.bytes.lastIndexOf(NEWLINE, from + room - 1);
    if (inRoom >= from) return inRoom + 1;
    return this.#size > 0 ? from : block.bytes.indexOf(NEWLINE, from) + 1;
  }

  /** A daemon that was killed, or a full disk, may have left the start of a line: it would spoil the next one. */
  #dropTornLine(): void {
    const window = Buffer.allocUnsafe(Math.min(this.#size, 256 * 1024));
    if (window.length === 0) return;
    const start = this.#size - window.length;
    fs.readSync(this.#fd, window, 0, window.length, start);
    if (window.at(-1) === NEWLINE) return;
    this.#size = start + window.lastIndexOf(NEWLINE) + 1;
    fs.ftruncateSync(this.#fd, this.#size);
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    fs.renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

import fs from 'node:fs';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import type { LineDecoder } from './decode.ts';
import type { LogFile } from './log-files.ts';

const read = promisify(fs.read);
const NEWLINE = 10;
const BLOCK_BYTES = 256 * 1024;
/** Nothing that Berth writes is longer than about 100 KB; a longer line is someone else's. */
const MAX_LINE_BYTES = 1 << 20;

/** Whole lines of a byte stream, in blocks as they come; a torn last line is kept back. */
export class LineBlocks {
  #rest: Buffer = Buffer.alloc(0);

  /** The lines (without newline) that `bytes` completes. */
  push(bytes: Buffer): Buffer[] {
    const lines: Buffer[] = [];
    const all = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let start = 0;
    for (let end = all.indexOf(NEWLINE); end >= 0; end = all.indexOf(NEWLINE, start)) {
      lines.push(all.subarray(start, end));
      start = end + 1;
    }
    this.#rest = all.length - start > MAX_LINE_BYTES ? Buffer.alloc(0) : Buffer.from(all.subarray(start));
    return lines;
  }
}

/** The bytes of a file from `position` on (of the uncompressed text), as far as it goes now. */
export async function* readBytes(file: LogFile, position = 0): AsyncGenerator<Buffer> {
  if (file.isCompressed) {
    const source = fs.createReadStream('', { fd: file.fd, autoClose: false, start: 0 });
    for await (const bytes of source.pipe(createGunzip()) as AsyncIterable<Buffer>) {
      if (position < bytes.length) yield bytes.subarray(position);
      position = Math.max(0, position - bytes.length);
    }
    return;
  }
  for (;;) {
    const block = Buffer.allocUnsafe(BLOCK_BYTES);
    const { bytesRead } = await read(file.fd, block, 0, block.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield block.subarray(0, bytesRead);
  }
}

/** Where the last `count` lines of a file begin, or how many it has in all when those are fewer. */
export async function findTail(file: LogFile, count: number): Promise<{ position: number; lines: number }> {
  return file.isCompressed ? await countForward(file, count) : await countBackward(file, count);
}

async function countBackward(file: LogFile, count: number): Promise<{ position: number; lines: number }> {
  let lines = 0;
  let isLast = true;
  for (let end = file.sizeBytes; end > 0; ) {
    const start = Math.max(0, end - BLOCK_BYTES);
    const block = Buffer.allocUnsafe(end - start);
    const { bytesRead } = await read(file.fd, block, 0, block.length, start);
    for (let at = bytesRead; (at = at === 0 ? -1 : block.lastIndexOf(NEWLINE, at - 1)) >= 0; ) {
      // The newline that ends the last line begins none; what is behind it is torn.
      if (isLast) isLast = false;
      else if (++lines === count) return { position: start + at + 1, lines };
    }
    end = start;
  }
  return { position: 0, lines: isLast ? 0 : lines + 1 };
}

async function countForward(file: LogFile, count: number): Promise<{ position: number; lines: number }> {
  const starts: number[] = [0];
  let position = 0;
  let lines = 0;
  for await (const block of readBytes(file)) {
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, at + 1)) {
      lines++;
      starts.push(position + at + 1);
      if (starts.length > count + 1) starts.shift();
    }
    position += block.length;
  }
  return { position: lines <= count ? 0 : (starts[0] ?? 0), lines: Math.min(lines, count) };
}

/** A position at or before the first line of `sinceNs` or later, by bisection: times in a file do not fall. */
export async function findSince(file: LogFile, sinceNs: bigint, decoder: LineDecoder): Promise<number> {
  if (file.isCompressed) return 0;
  let low = 0;
  let high = file.sizeBytes;
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  while (high - low > 4 * BLOCK_BYTES) {
    const middle = Math.floor((low + high) / 2);
    const { bytesRead } = await read(file.fd, block, 0, block.length, middle);
    const start = block.subarray(0, bytesRead).indexOf(NEWLINE) + 1;
    const end = block.subarray(0, bytesRead).indexOf(NEWLINE, start);
    const timeNs = start === 0 || end < 0 ? undefined : decoder.timeOf(block.subarray(start, end));
    if (timeNs === undefined) return low;
    if (timeNs < sinceNs) low = middle + start;
    else high = middle;
  }
  return low;
}

export type StreamName = 'stdout' | 'stderr';
export const streamNames = ['stdout', 'stderr'] as const;

/** Longest piece of a line, as Docker's copier cuts it. */
export const MAX_PIECE = 16 * 1024;

const NEWLINE = 10;
const PREFIX = Buffer.from('{"log":"');
/** What one piece can come to at most, apart from its tail: every byte as \u00xx. */
const MAX_ESCAPED = 6 * MAX_PIECE + PREFIX.length;

/** What happens to a byte: 0 copied, 1 newline, 2 backslash before it, 3 `\r`, 4 \u00xx, 5 beyond ASCII. */
const CLASS = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  if (byte === NEWLINE) CLASS[byte] = 1;
  else if (byte === 0x22 || byte === 0x5c) CLASS[byte] = 2;
  else if (byte === 0x0d) CLASS[byte] = 3;
  else if (byte < 0x20 || byte === 0x3c || byte === 0x3e || byte === 0x26) CLASS[byte] = 4;
  else if (byte >= 0x80) CLASS[byte] = 5;
}
const HEX = Buffer.from('0123456789abcdef');
const REPLACEMENT = Buffer.from('\\ufffd');

/** Bytes ready to be written: whole lines only. */
export interface Block {
  bytes: Buffer;
  length: number;
}

/** Room for the longest piece and then some; `attributesJson` counts in each line's tail. */
export function newBlock(attributesJson: string, sizeBytes: number): Block {
  return {
    bytes: Buffer.allocUnsafe(Math.max(sizeBytes, 2 * (MAX_ESCAPED + attributesJson.length * 3 + 128))),
    length: 0,
  };
}

/** The start of a line whose newline has not come yet. */
export type Carry = Record<StreamName, Uint8Array>;

/**
 * Turns raw output into lines of Docker's json-file format:
 *
 *     {"log":"…\n","stream":"stdout","attrs":{…},"time":"2026-11-21T03:38:27.779678365Z"}
 *
 * Byte by byte into one buffer: no string is made of what a container prints.
 */
export class LineEncoder {
  readonly #attributes: string;
  readonly #carry = { stdout: Buffer.allocUnsafe(MAX_PIECE), stderr: Buffer.allocUnsafe(MAX_PIECE) };
  readonly #carried = { stdout: 0, stderr: 0 };
  #tails: Record<StreamName, Buffer> = { stdout: PREFIX, stderr: PREFIX };

  /** @param attributes JSON of the `attrs` object, '' for none */
  constructor(attributes: string, carry?: Carry) {
    this.#attributes = attributes === '' ? '' : `"attrs":${attributes},`;
    if (carry === undefined) return;
    for (const name of streamNames) {
      this.#carry[name].set(carry[name]);
      this.#carried[name] = carry[name].length;
    }
  }

  /** The time of every line from now on. */
  setTime(timestamp: string): void {
    const tail = (stream: StreamName): Buffer =>
      Buffer.from(`","stream":"${stream}",${this.#attributes}"time":"${timestamp}"}\n`);
    this.#tails = { stdout: tail('stdout'), stderr: tail('stderr') };
  }

  takeCarry(): Carry {
    const take = (name: StreamName): Uint8Array => Uint8Array.from(this.#carry[name].subarray(0, this.#carried[name]));
    const carry = { stdout: take('stdout'), stderr: take('stderr') };
    this.#carried.stdout = this.#carried.stderr = 0;
    return carry;
  }

  /**
   * Encodes `chunk` from `at` until it ends or the block is full. Returns where it stopped; what has no newline yet is
   * kept for the next call.
   */
  encode(stream: StreamName, chunk: Uint8Array, at: number, block: Block): number {
    const limit = block.bytes.length - MAX_ESCAPED - this.#tails[stream].length - 16;
    if (this.#carried[stream] > 0) {
      if (block.length > limit) return at;
      at = this.#completeCarried(stream, chunk, at, block);
    }
    while (at < chunk.length && block.length <= limit) at = this.#encodeLine(stream, chunk, at, block);
    return at;
  }

  /** Writes what has no newline as it is: the stream has ended. */
  flush(block: Block): void {
    for (const name of streamNames) {
      const length = this.#carried[name];
      if (length === 0) continue;
      this.#carried[name] = 0;
      this.#writeWhole(name, this.#carry[name], length, false, block);
    }
  }

  /** Puts the next bytes behind the carried ones; writes them down once there is a newline or a full piece. */
  #completeCarried(stream: StreamName, chunk: Uint8Array, at: number, block: Block): number {
    const carry = this.#carry[stream];
    const carried = this.#carried[stream];
    const room = MAX_PIECE - carried;
    const newline = chunk.indexOf(NEWLINE, at);
    const hasNewline = newline >= 0 && newline - at <= room;
    const end = hasNewline ? newline : Math.min(at + room, chunk.length);
    carry.set(chunk.subarray(at, end), carried);
    const length = carried + end - at;
    this.#carried[stream] = length;
    if (!hasNewline && length < MAX_PIECE) return end;
    const whole = hasNewline ? length : characterEnd(carry, 0, length);
    this.#writeWhole(stream, carry, whole, hasNewline, block);
    carry.copyWithin(0, whole, length);
    this.#carried[stream] = length - whole;
    if (hasNewline) return newline + 1;
    return length > whole ? this.#completeCarried(stream, chunk, end, block) : end;
  }

  /** One line, or a full piece of one, or (kept, not written) the start of one. */
  #encodeLine(stream: StreamName, chunk: Uint8Array, at: number, block: Block): number {
    const stop = Math.min(at + MAX_PIECE, chunk.length);
    const start = block.length;
    block.length = append(block.bytes, start, PREFIX);
    const end = writeEscaped(chunk, at, stop, block);
    if (end < chunk.length && chunk[end] === NEWLINE) {
      this.#endLine(stream, true, block);
      return end + 1;
    }
    if (end - at === MAX_PIECE) {
      const whole = characterEnd(chunk, at, end);
      if (whole < end) {
        block.length = append(block.bytes, start, PREFIX);
        writeEscaped(chunk, at, whole, block);
      }
      this.#endLine(stream, false, block);
      return whole;
    }
    block.length = start;
    this.#carry[stream].set(chunk.subarray(at, end));
    this.#carried[stream] = end - at;
    return end;
  }

  #writeWhole(stream: StreamName, bytes: Uint8Array, length: number, hasNewline: boolean, block: Block): void {
    block.length = append(block.bytes, block.length, PREFIX);
    writeEscaped(bytes, 0, length, block);
    this.#endLine(stream, hasNewline, block);
  }

  #endLine(stream: StreamName, hasNewline: boolean, block: Block): void {
    if (hasNewline) {
      block.bytes[block.length++] = 0x5c;
      block.bytes[block.length++] = 0x6e;
    }
    block.length = append(block.bytes, block.length, this.#tails[stream]);
  }
}

/** `set` beats a loop from about 60 bytes on, which is what the tail of a line has. */
function append(out: Uint8Array, at: number, bytes: Uint8Array): number {
  out.set(bytes, at);
  return at + bytes.length;
}

/** Escapes from `at` up to a newline or `stop`; returns where it ended. */
function writeEscaped(from: Uint8Array, at: number, stop: number, block: Block): number {
  const out = block.bytes;
  let to = block.length;
  while (at < stop) {
    const byte = from[at] as number;
    const kind = CLASS[byte];
    if (kind === 0) {
      out[to++] = byte;
      at++;
      continue;
    }
    if (kind === 1) break;
    if (kind === 5) {
      const length = characterLength(from, at, stop);
      if (length === 0) to = append(out, to, REPLACEMENT);
      else if (length === 3 && byte === 0xe2 && from[at + 1] === 0x80 && ((from[at + 2] as number) & 0xfe) === 0xa8)
        to = append(out, to, from[at + 2] === 0xa8 ? LINE_SEPARATOR : PARAGRAPH_SEPARATOR);
      else for (let i = 0; i < length; i++) out[to++] = from[at + i] as number;
      at += length === 0 ? 1 : length;
      continue;
    }
    out[to++] = 0x5c;
    if (kind === 2) out[to++] = byte;
    else if (kind === 3) out[to++] = 0x72;
    else {
      out[to++] = 0x75;
      out[to++] = 0x30;
      out[to++] = 0x30;
      out[to++] = HEX[byte >> 4] as number;
      out[to++] = HEX[byte & 15] as number;
    }
    at++;
  }
  block.length = to;
  return at;
}

const LINE_SEPARATOR = Buffer.from('\\u2028');
const PARAGRAPH_SEPARATOR = Buffer.from('\\u2029');

/** Length of the UTF-8 character at `at` (2 to 4), 0 for bytes that are none. Overlong forms and surrogates are none. */
function characterLength(from: Uint8Array, at: number, stop: number): number {
  const first = from[at] as number;
  const length = first < 0xc2 ? 0 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > stop) return 0;
  for (let i = 1; i < length; i++) if (((from[at + i] as number) & 0xc0) !== 0x80) return 0;
  const second = from[at + 1] as number;
  if (first === 0xe0 && second < 0xa0) return 0;
  if (first === 0xed && second > 0x9f) return 0;
  if (first === 0xf0 && second < 0x90) return 0;
  if (first === 0xf4 && second > 0x8f) return 0;
  return length;
}

/** `end`, or up to three bytes before it when a character would be cut there. */
function characterEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let back = 1; back <= 3 && end - back > start; back++) {
    const byte = bytes[end - back] as number;
    if (byte < 0x80) return end;
    if (byte >= 0xc0) {
      const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return length > back ? end - back : end;
    }
  }
  return end;
}

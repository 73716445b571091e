/**
 * Multiplexed streams ("stdcopy"), for processes without a terminal:
 *
 *     byte 0     1 2 3   4 5 6 7            8 …
 *     stream id  0 0 0   length, big endian payload
 */
export const FRAME_HEADER_BYTES = 8;

export const STREAM_IDS = { stdin: 0, stdout: 1, stderr: 2, systemerr: 3 } as const;
export type StreamName = keyof typeof STREAM_IDS;
const STREAM_NAMES = ['stdin', 'stdout', 'stderr', 'systemerr'] as const;

/** Writes a frame's header into `target` at `offset`. */
export function writeFrameHeader(target: Buffer, offset: number, stream: StreamName, lengthBytes: number): void {
  target.writeUInt32BE(STREAM_IDS[stream] * 2 ** 24, offset);
  target.writeUInt32BE(lengthBytes, offset + 4);
}

/** One frame, copied into one buffer. */
export function encodeFrame(stream: StreamName, payload: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(frame, 0, stream, payload.length);
  frame.set(payload, FRAME_HEADER_BYTES);
  return frame;
}

/**
 * Takes frames apart as bytes come. Payload is handed on as it arrives (a frame may be delivered in pieces), so that a
 * frame of any size costs no memory. @throws Error for a stream id that does not exist
 */
export class FrameDecoder {
  readonly #deliver: (stream: StreamName, payload: Buffer) => void;
  readonly #header = Buffer.alloc(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #stream: StreamName = 'stdout';
  #left = 0;

  constructor(deliver: (stream: StreamName, payload: Buffer) => void) {
    this.#deliver = deliver;
  }

  write(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const payload = chunk.subarray(at, at + this.#left);
        at += payload.length;
        this.#left -= payload.length;
        this.#deliver(this.#stream, payload);
      } else {
        const copied = chunk.copy(this.#header, this.#headerBytes, at, at + FRAME_HEADER_BYTES - this.#headerBytes);
        at += copied;
        this.#headerBytes += copied;
        if (this.#headerBytes === FRAME_HEADER_BYTES) this.#open();
      }
    }
  }

  /** True between frames: a stream that ends elsewhere was cut. */
  get isComplete(): boolean {
    return this.#left === 0 && this.#headerBytes === 0;
  }

  #open(): void {
    const id = this.#header.readUInt8(0);
    const stream = STREAM_NAMES[id];
    if (stream === undefined) throw new Error(`Unrecognized input header: ${id}`);
    this.#stream = stream;
    this.#left = this.#header.readUInt32BE(4);
    this.#headerBytes = 0;
  }
}

import type { Readable, Writable } from 'node:stream';

const HEADER = 8;

/** Splits stdcopy frames (`[type,0,0,0,length big-endian]`) of `source` onto the two outputs, heeding their backpressure. */
export async function demultiplex(source: Readable, stdout: Writable, stderr: Writable): Promise<void> {
  let header = Buffer.alloc(0);
  let left = 0;
  let target: Writable = stdout;
  for await (const piece of source) {
    let chunk = piece as Buffer;
    while (chunk.length > 0) {
      if (left === 0) {
        const missing = HEADER - header.length;
        header = Buffer.concat([header, chunk.subarray(0, missing)]);
        chunk = chunk.subarray(missing);
        if (header.length < HEADER) break;
        target = header[0] === 1 ? stdout : stderr;
        left = header.readUInt32BE(4);
        header = Buffer.alloc(0);
        continue;
      }
      const part = chunk.subarray(0, left);
      left -= part.length;
      chunk = chunk.subarray(part.length);
      if (!target.write(part)) await new Promise<void>((resolve) => target.once('drain', resolve));
    }
  }
}

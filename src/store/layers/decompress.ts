import { spawn } from 'node:child_process';
import { PassThrough, pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { invalidParameter } from '../../errors/index.ts';

type Compression = 'gzip' | 'zstd' | 'xz' | 'bzip2';

const MAGIC: readonly (readonly [Compression, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

/** Absolute, of the host: nothing is looked up in PATH or in a root file system (CVE-2026-41567). */
const PROGRAMS: Partial<Record<Compression, readonly string[]>> = {
  // A dictionary may claim 4 GiB.
  xz: ['/usr/bin/xz', '-dc', '--memlimit-decompress=512MiB'],
  bzip2: ['/usr/bin/bzip2', '-dc'],
};

/** What the first bytes say. */
export function detectCompression(head: Uint8Array): Compression | undefined {
  return MAGIC.find(([, magic]) => magic.every((byte, i) => head[i] === byte))?.[0];
}

/** A program of the host as a stream: bytes in, bytes out. Its failure is the stream's. */
function throughProgram([program = '', ...args]: readonly string[], source: Readable): Readable {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'], env: {}, cwd: '/' });
  const out = new PassThrough();
  child.once('error', (error) =>
    out.destroy(invalidParameter('cannot-decompress', `${program} cannot be run: ${error.message}`)),
  );
  // Only its exit tells whether what it wrote is all there was.
  child.once('close', (code) => {
    if (code === 0) out.end();
    else out.destroy(invalidParameter('bad-compression', `the archive is damaged (${program} ended with ${code})`));
  });
  pipeline(source, child.stdin, (error) => {
    // A source that broke off is no end of input; a program that stopped reading says itself why.
    const isPipe = error && 'code' in error && error.code === 'EPIPE';
    if (error && !isPipe) out.destroy(error);
  });
  child.stdout.pipe(out, { end: false });
  out.once('close', () => child.kill('SIGKILL'));
  return out;
}

/** The plain bytes of a stream that may be compressed with gzip, zstd, xz or bzip2, told by its first bytes. */
export async function* decompressed(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let isEnded = false;
  while (head.length < 6 && !isEnded) {
    const { done, value } = await iterator.next();
    if (done) isEnded = true;
    else
      head =
        head.length === 0
          ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
          : Buffer.concat([head, value]);
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      if (isEnded) return;
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  };
  const compression = detectCompression(head);
  if (compression === undefined) return yield* whole();
  const compressed = Readable.from(whole(), { objectMode: false });
  const program = PROGRAMS[compression];
  if (program !== undefined) return yield* throughProgram(program, compressed) as AsyncIterable<Uint8Array>;
  const inflate =
    compression === 'gzip' ? createGunzip({ chunkSize: 1 << 17 }) : createZstdDecompress({ chunkSize: 1 << 17 });
  const plain = pipeline(compressed, inflate, () => {});
  try {
    yield* plain as unknown as AsyncIterable<Uint8Array>;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code.startsWith('Z_') || code.startsWith('ZSTD_') || code === 'ERR_BUFFER_TOO_LARGE') {
      throw invalidParameter(
        'bad-compression',
        `the archive is damaged: ${error instanceof Error ? error.message : code}`,
        { cause: error },
      );
    }
    throw error;
  }
}

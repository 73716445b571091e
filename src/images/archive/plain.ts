import { createHash } from 'node:crypto';
import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { cancelled, invalidParameter } from '../../errors/index.ts';
import { type Descriptor, type Digest, mediaType } from '../../oci/index.ts';

type Form = 'plain' | 'gzip' | 'zstd' | 'xz' | 'bzip2';

const MAGIC: readonly (readonly [Form, readonly number[]])[] = [
  ['gzip', [0x1f, 0x8b]],
  ['zstd', [0x28, 0xb5, 0x2f, 0xfd]],
  ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2', [0x42, 0x5a, 0x68]],
];

const LAYER_TYPES: Partial<Record<Form, string>> = {
  plain: mediaType.ociLayer,
  gzip: mediaType.ociLayerGzip,
  zstd: mediaType.ociLayerZstd,
};

const formOf = (head: Uint8Array): Form =>
  MAGIC.find(([, magic]) => magic.every((byte, i) => head[i] === byte))?.[0] ?? 'plain';

/** The media type of a layer blob by its first bytes; undefined for a form that layer blobs do not have. */
export async function layerMediaType(blob: AsyncIterable<Uint8Array>): Promise<string | undefined> {
  const { head } = await takeHead(blob[Symbol.asyncIterator]());
  return LAYER_TYPES[formOf(head)];
}

export function isPlain(blob: Descriptor): boolean {
  return blob.mediaType === mediaType.ociLayer || blob.mediaType === mediaType.dockerLayer;
}

/** The bytes of a stream that may be compressed with gzip or zstd. @throws invalid-parameter `bad-compression` */
export async function* plainBytes(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  const { head, isEnded } = await takeHead(iterator);
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    try {
      if (head.length > 0) yield head;
      while (!isEnded) {
        const { done, value } = await iterator.next();
        if (done) return;
        yield value;
      }
    } finally {
      await iterator.return?.();
    }
  };
  const form = formOf(head);
  if (form === 'plain') return yield* whole();
  if (form !== 'gzip' && form !== 'zstd') {
    const why = `archives compressed with ${form} are not supported here: decompress it first`;
    throw invalidParameter('bad-compression', why);
  }
  const inflate = form === 'gzip' ? createGunzip({ chunkSize: 1 << 17 }) : createZstdDecompress({ chunkSize: 1 << 17 });
  const plain: AsyncIterable<Buffer> = pipeline(Readable.from(whole(), { objectMode: false }), inflate, () => {});
  try {
    yield* plain;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'Z_BUF_ERROR') throw invalidParameter('bad-compression', 'unexpected EOF', { cause: error });
    if (!/^Z_|^ZSTD_/.test(code)) throw error;
    throw invalidParameter('bad-compression', `the archive is damaged (${code})`, { cause: error });
  }
}

/** Digest and size of a stream. */
export async function measure(
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<{ digest: Digest; sizeBytes: number }> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  for await (const chunk of source) {
    refuseAborted(signal);
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { digest: `sha256:${hash.digest('hex')}` as Digest, sizeBytes };
}

export function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled('cancelled', 'context canceled', { cause: signal.reason });
}

/** Enough bytes to know the form. */
async function takeHead(iterator: AsyncIterator<Uint8Array>): Promise<{ head: Buffer; isEnded: boolean }> {
  let head = Buffer.alloc(0);
  while (head.length < 6) {
    const { done, value } = await iterator.next();
    if (done) return { head, isEnded: true };
    head = Buffer.concat([head, value]);
  }
  return { head, isEnded: false };
}

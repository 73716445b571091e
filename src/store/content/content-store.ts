import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline, type Readable, Transform } from 'node:stream';
import { cancelled, invalidParameter, noSpace, notFound, systemError } from '../../errors/index.ts';
import { type Digest, digestHex, digestOf } from '../../oci/index.ts';
import type { ContentStore } from './contract.ts';

const HEX = /^[0-9a-f]{64}$/;
const DEFAULT_MAX_BYTES = 4 << 20;

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

/** Blobs in `dir/blobs/sha256/<hex>`, written in `dir/ingest/<uuid>` first. What a crash left in `ingest` is removed here. */
export async function createContentStore(needs: { dir: string }): Promise<ContentStore> {
  const blobs = join(needs.dir, 'blobs', 'sha256');
  const ingests = join(needs.dir, 'ingest');
  await mkdir(blobs, { recursive: true, mode: 0o700 });
  await rm(ingests, { recursive: true, force: true });
  await mkdir(ingests, { mode: 0o700 });

  const fileOf = (digest: Digest): string => join(blobs, digestHex(digest));

  async function sizeOf(digest: Digest): Promise<number | undefined> {
    try {
      return (await stat(fileOf(digest))).size;
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      throw error;
    }
  }

  async function size(digest: Digest): Promise<number> {
    const bytes = await sizeOf(digest);
    if (bytes === undefined)
      throw notFound('no-such-blob', `content ${digest} is not in the store`, { detail: { digest } });
    return bytes;
  }

  /** From here on the blob survives a power cut: file, then name, then folder. */
  async function commit(temporary: string, digest: Digest): Promise<void> {
    await rename(temporary, fileOf(digest));
    const folder = await open(blobs, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  const store: ContentStore = {
    has: async (digest) => (await sizeOf(digest)) !== undefined,
    size,

    async open(digest, range) {
      const bytes = await size(digest);
      if (range !== undefined && (range.start > 0 || (range.end !== undefined && range.end < bytes - 1)))
        return createReadStream(fileOf(digest), range);
      return verified(createReadStream(fileOf(digest), { highWaterMark: 1 << 18 }), digest, bytes);
    },

    async read(digest, maxBytes = DEFAULT_MAX_BYTES) {
      const bytes = await size(digest);
      if (bytes > maxBytes)
        throw invalidParameter('blob-too-large', `content ${digest} has ${bytes} bytes, more than ${maxBytes}`);
      const content = await readFile(fileOf(digest));
      if (digestOf(content) !== digest) throw corrupt(digest);
      return content;
    },

    async putBytes(bytes) {
      const digest = digestOf(bytes);
      if ((await sizeOf(digest)) === bytes.length) return digest;
      await store.ingest(once(bytes), { digest, sizeBytes: bytes.length });
      return digest;
    },

    async ingest(source, expected = {}, signal) {
      const temporary = join(ingests, randomUUID());
      const file = await open(temporary, 'wx', 0o600);
      try {
        const hash = createHash('sha256');
        let sizeBytes = 0;
        try {
          for await (const chunk of source) {
            if (signal?.aborted) throw cancelled('cancelled', 'the transfer was cancelled', { cause: signal.reason });
            hash.update(chunk);
            sizeBytes += chunk.length;
            if (expected.sizeBytes !== undefined && sizeBytes > expected.sizeBytes) break;
            await writeAll(file, chunk);
          }
          const digest = `sha256:${hash.digest('hex')}` as Digest;
          refuseUnexpected({ digest, sizeBytes }, expected);
          await file.datasync();
          await commit(temporary, digest);
          return { digest, sizeBytes };
        } finally {
          await file.close();
        }
      } catch (error) {
        await rm(temporary, { force: true });
        if (codeOf(error) === 'ENOSPC')
          throw noSpace('no-space', 'no space left on device', { cause: error, detail: { dir: needs.dir } });
        throw error;
      }
    },

    async *walk() {
      for (const name of (await readdir(blobs)).sort()) {
        if (!HEX.test(name)) continue;
        const digest = `sha256:${name}` as Digest;
        const sizeBytes = await sizeOf(digest);
        if (sizeBytes !== undefined) yield { digest, sizeBytes };
      }
    },

    async delete(digest) {
      try {
        await unlink(fileOf(digest));
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
      }
    },
  };
  return store;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function writeAll(file: Awaited<ReturnType<typeof open>>, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length; ) done += (await file.write(chunk, done, chunk.length - done)).bytesWritten;
}

function refuseUnexpected(
  got: { digest: Digest; sizeBytes: number },
  expected: { digest?: Digest; sizeBytes?: number },
): void {
  if (expected.sizeBytes !== undefined && got.sizeBytes !== expected.sizeBytes) {
    const how = got.sizeBytes > expected.sizeBytes ? 'more than' : `${got.sizeBytes} of`;
    throw invalidParameter('digest-mismatch', `unexpected content size: got ${how} ${expected.sizeBytes} bytes`, {
      detail: { ...got, expectedSizeBytes: expected.sizeBytes },
    });
  }
  if (expected.digest !== undefined && got.digest !== expected.digest)
    throw invalidParameter('digest-mismatch', `unexpected digest: expected ${expected.digest}, got ${got.digest}`, {
      detail: { ...got, expectedDigest: expected.digest },
    });
}

function corrupt(digest: Digest): Error {
  return systemError('corrupt-blob', `content ${digest} is damaged on disk`, { detail: { digest } });
}

/** Passes the bytes on and fails at the end, instead of ending, when they are not those of the digest. */
function verified(source: Readable, digest: Digest, sizeBytes: number): Readable {
  const hash = createHash('sha256');
  let seen = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      seen += chunk.length;
      done(null, chunk);
    },
    flush(done) {
      const isRight = seen === sizeBytes && `sha256:${hash.digest('hex')}` === digest;
      done(isRight ? null : corrupt(digest));
    },
  });
  // The error reaches the reader of `check`: pipeline destroys it.
  pipeline(source, check, () => {});
  return check;
}

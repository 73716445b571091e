import type { Readable } from 'node:stream';
import type { Digest } from '../../oci/index.ts';

/** Blobs by digest. `put` means "the content is there", not "because of this call". */
export interface ContentReader {
  has(digest: Digest): Promise<boolean>;
  /** @throws not-found `no-such-blob` */
  size(digest: Digest): Promise<number>;
  /** Streams the blob; the digest is verified while streaming and a mismatch destroys the stream with system `corrupt-blob`. */
  open(digest: Digest, range?: { start: number; end?: number }): Promise<Readable>;
  /** The whole blob, verified. @throws invalid-parameter `blob-too-large` above `maxBytes` (default 4 MiB) */
  read(digest: Digest, maxBytes?: number): Promise<Buffer>;
}

export interface ContentIngester {
  putBytes(bytes: Uint8Array): Promise<Digest>;
  /**
   * Streams into the store: hash while writing, fsync, rename, fsync the folder. With `expected`, another digest or size
   * is refused (invalid-parameter `digest-mismatch`) and nothing is kept.
   */
  ingest(
    source: AsyncIterable<Uint8Array>,
    expected?: { digest?: Digest; sizeBytes?: number },
    signal?: AbortSignal,
  ): Promise<{ digest: Digest; sizeBytes: number }>;
}

export interface ContentAdmin {
  walk(): AsyncIterable<{ digest: Digest; sizeBytes: number }>;
  /** Idempotent. */
  delete(digest: Digest): Promise<void>;
}

export type ContentStore = ContentReader & ContentIngester & ContentAdmin;

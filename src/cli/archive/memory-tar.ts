import { formatHeader, padOf, TAR_END, tarEntry } from '../../lib/index.ts';

/** A tar put together in memory: what build contexts and imports of ours are made of. */
export class MemoryTar {
  readonly #parts: Buffer[] = [];

  folder(name: string, mode = 0o755): this {
    this.#parts.push(formatHeader(tarEntry('directory', `${name.replace(/\/$/, '')}/`, { mode })));
    return this;
  }

  file(name: string, content: Buffer | string, mode = 0o644): this {
    const bytes = Buffer.from(content);
    this.#parts.push(
      formatHeader(tarEntry('file', name, { mode, sizeBytes: bytes.length })),
      bytes,
      Buffer.alloc(padOf(bytes.length)),
    );
    return this;
  }

  /** The whole archive, as chunks. */
  *chunks(): Generator<Buffer> {
    yield* this.#parts;
    yield TAR_END;
  }

  bytes(): Buffer {
    return Buffer.concat([...this.chunks()]);
  }
}

import { systemError } from '../errors/index.ts';
import { type Digest, parseReference } from '../oci/index.ts';
import type { Change, Metadata, SnapshotKey } from '../store/index.ts';
import { parseConfigFile } from './config-file.ts';
import type { Image } from './contract.ts';
import {
  deleteImage,
  deleteName,
  IMAGES,
  type ImageRecord,
  NAMES,
  type NameRecord,
  putImage,
  putName,
} from './record.ts';

/** An image and what only this room keeps of it. */
export interface Entry {
  image: Image;
  record: ImageRecord;
}

/**
 * All images and names in memory; every change is durable before it shows. Only one change at a time: callers hold
 * `images.ts`'s lock.
 */
export class ImageTable {
  readonly #metadata: Metadata;
  readonly #entries = new Map<Digest, Entry>();
  readonly #names = new Map<string, Digest>();

  private constructor(metadata: Metadata) {
    this.#metadata = metadata;
  }

  static async load(metadata: Metadata): Promise<ImageTable> {
    const table = new ImageTable(metadata);
    for (const { key, value } of await metadata.load<ImageRecord>(IMAGES)) {
      const id = key as Digest;
      table.#entries.set(id, { image: toImage(id, value), record: value });
    }
    for (const { key, value } of await metadata.load<NameRecord>(NAMES))
      if (table.#entries.has(value.id)) table.#names.set(key, value.id);
    return table;
  }

  entries(): Entry[] {
    return [...this.#entries.values()];
  }

  find(id: Digest): Entry | undefined {
    return this.#entries.get(id);
  }

  idOf(name: string): Digest | undefined {
    return this.#names.get(name);
  }

  /** Whole names (`docker.io/library/busybox:latest`) of an image, sorted. */
  namesOf(id: Digest): string[] {
    const names: string[] = [];
    for (const [name, named] of this.#names) if (named === id) names.push(name);
    return names.sort();
  }

  /** Whole names of one repository, sorted. */
  namesIn(repository: string): string[] {
    return [...this.#names.keys()].filter((name) => repositoryOf(name) === repository).sort();
  }

  childrenOf(id: Digest): Digest[] {
    return this.entries()
      .filter(({ record }) => record.parent === id)
      .map(({ image }) => image.id);
  }

  /** Ids that begin with `prefix` (hex digits, `sha256:` before them or not). */
  search(prefix: string): Digest[] {
    const hex = prefix.startsWith('sha256:') ? prefix.slice(7) : prefix;
    if (hex === '' || !/^[0-9a-f]{1,64}$/.test(hex)) return [];
    return [...this.#entries.keys()].filter((id) => id.startsWith(`sha256:${hex}`));
  }

  usesSnapshot(key: SnapshotKey): boolean {
    return this.entries().some(({ image }) => image.layers.some((layer) => layer.snapshot === key));
  }

  /** Sum of file sizes of a layer, when an image has it. */
  layerSize(key: SnapshotKey): number | undefined {
    for (const { image } of this.#entries.values())
      for (const layer of image.layers) if (layer.snapshot === key) return layer.sizeBytes;
    return undefined;
  }

  usesBlob(digest: Digest): boolean {
    return this.entries().some(
      ({ image }) => image.target?.digest === digest || image.layers.some((layer) => layer.blob?.digest === digest),
    );
  }

  /** `more` becomes durable in the same transaction. */
  async put(id: Digest, record: ImageRecord, more: Change[] = []): Promise<Image> {
    const image = toImage(id, record);
    await this.#metadata.write([putImage(id, record), ...more]);
    this.#entries.set(id, { image, record });
    return image;
  }

  async putNames(id: Digest, names: string[], nowMs: number): Promise<void> {
    const entry = this.#entries.get(id);
    if (entry === undefined) throw systemError('image-vanished', `image ${id} is gone`);
    const record = { ...entry.record, lastTagMs: nowMs };
    await this.#metadata.write([putImage(id, record), ...names.map((name) => putName(name, id))]);
    this.#entries.set(id, { image: entry.image, record });
    for (const name of names) this.#names.set(name, id);
  }

  async deleteNames(names: string[]): Promise<void> {
    await this.#metadata.write(names.map(deleteName));
    for (const name of names) this.#names.delete(name);
  }

  async delete(id: Digest, more: Change[]): Promise<void> {
    const names = this.namesOf(id);
    await this.#metadata.write([deleteImage(id), ...names.map(deleteName), ...more]);
    this.#entries.delete(id);
    for (const name of names) this.#names.delete(name);
  }
}

function toImage(id: Digest, record: ImageRecord): Image {
  const { config } = parseConfigFile(Buffer.from(record.config));
  const sizeBytes = record.layers.reduce((sum, layer) => sum + layer.sizeBytes, 0);
  const image: Image = { id, config, layers: record.layers, sizeBytes };
  if (record.target !== undefined) image.target = record.target;
  if (record.parent !== undefined) image.parent = record.parent;
  return image;
}

/** `docker.io/library/busybox` of a whole name. */
export function repositoryOf(name: string): string {
  const { domain, path } = parseReference(name);
  return `${domain}/${path}`;
}

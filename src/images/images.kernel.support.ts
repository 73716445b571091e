import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createEvents } from '../events/index.ts';
import { formatHeader, padOf, readTar, TAR_END, type TarEntry, type TarType, tarEntry } from '../lib/index.ts';
import { createContentStore, createLayers, createSnapshots, openMetadata } from '../store/index.ts';
import type { ImageProgress, Images } from './contract.ts';
import { createImages } from './images.ts';
import type { ContainerUse } from './needs.ts';

type Piece = [type: TarType, name: string, fields?: Partial<TarEntry> & { body?: string | Buffer }];

export function tarOf(...pieces: Piece[]): Buffer {
  const parts = pieces.flatMap(([type, name, { body = '', ...fields } = {}]) => {
    const content = Buffer.from(body);
    return [
      formatHeader(tarEntry(type, name, { sizeBytes: content.length, ...fields })),
      content,
      Buffer.alloc(padOf(content.length)),
    ];
  });
  return Buffer.concat([...parts, TAR_END]);
}

export async function filesOf(tar: Buffer): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>();
  for await (const { entry, body } of readTar(Readable.from([tar]))) {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    if (entry.type === 'file') files.set(entry.name.toString(), Buffer.concat(chunks));
  }
  return files;
}

export const tarOfFiles = (files: Iterable<readonly [string, string | Buffer]>): Buffer =>
  tarOf(...[...files].map(([name, body]): Piece => ['file', name, { body }]));

/** The room on a real store below /tmp. */
export interface Gallery extends AsyncDisposable {
  images: Images;
  /** `action name` of image events. */
  events: string[];
  containers: Map<string, ContainerUse[]>;
  usedSnapshots: Set<string>;
  importTar(tar: Buffer, name?: string, more?: { changes?: string[]; message?: string }): Promise<string>;
  load(archive: Buffer | AsyncIterable<Buffer>): Promise<ImageProgress[]>;
  save(...names: string[]): Promise<Buffer>;
  /** Names of snapshots, blobs, rows and temporary files that there are. */
  contents(): Promise<string[]>;
  /** From now on the work stops for good where it would sync its layers; resolves when it is there. */
  hangAtSync(): Promise<void>;
  /** As a daemon that starts again. */
  reopen(): Promise<void>;
}

export async function openGallery(): Promise<Gallery> {
  const dir = mkdtempSync('/tmp/berth-images-');
  const tempDir = join(dir, 'temp');
  const events: string[] = [];
  const containers = new Map<string, ContainerUse[]>();
  const usedSnapshots = new Set<string>();
  const never = new AbortController().signal;
  let nowMs = Date.parse('2026-01-02T03:04:05.678Z');
  let hang: (() => Promise<void>) | undefined;
  const open = async () => {
    hang = undefined;
    const content = await createContentStore({ dir: join(dir, 'content') });
    const snapshots = await createSnapshots({ dir: join(dir, 'snapshots') });
    const metadata = await openMetadata({ path: join(dir, 'metadata.db') });
    const bus = createEvents({ now: Date.now });
    bus.listen(({ Type, Action, Actor }) => {
      if (Type === 'image') events.push(`${Action} ${Actor?.Attributes?.['name'] ?? ''}`);
    });
    // As in the daemon: whoever else needs layers is there only afterwards.
    let isAssembled = false;
    const images = await createImages({
      content,
      snapshots: { ...snapshots, sync: () => (hang === undefined ? snapshots.sync() : hang()) },
      layers: createLayers({ snapshots }),
      metadata,
      events: bus,
      now: () => (nowMs += 1000),
      containersUsing: (id) => containers.get(id) ?? [],
      applyChanges: (config, changes) => (changes.length === 0 ? config : { ...config, Cmd: changes }),
      platform: { os: 'linux', architecture: 'amd64' },
      isSnapshotUsed: (key) => !isAssembled || usedSnapshots.has(key),
      tempDir,
    });
    isAssembled = true;
    return { content, snapshots, metadata, images };
  };
  let store = await open();
  const close = async (): Promise<void> => {
    await store.metadata.close();
    await store.snapshots[Symbol.asyncDispose]();
  };
  const gallery: Gallery = {
    images: store.images,
    events,
    containers,
    usedSnapshots,
    async importTar(tar, name = '', more = {}) {
      const [repository = '', tag = ''] = name.split(':');
      const request = { source: Readable.from([tar]), repository, tag, changes: [], ...more };
      return (await store.images.import(request, () => {}, never)).id;
    },
    async load(archive) {
      const messages: ImageProgress[] = [];
      const source = Buffer.isBuffer(archive) ? Readable.from([archive], { objectMode: false }) : archive;
      await store.images.load(source, { quiet: true }, (message) => messages.push(message), never);
      return messages;
    },
    async save(...names) {
      return Buffer.concat(await (await store.images.save(names, never)).toArray());
    },
    async contents() {
      const snapshots = (await store.snapshots.list()).map(({ key }) => `snapshot ${key}`);
      const blobs = (await Array.fromAsync(store.content.walk())).map(({ digest }) => `blob ${digest}`);
      const rows: string[] = [];
      for (const bucket of ['images', 'image-names', 'image-leftovers'])
        for (const { key } of await store.metadata.load(bucket)) rows.push(`${bucket} ${key}`);
      return [...snapshots, ...blobs, ...rows, ...readdirSync(tempDir)].sort();
    },
    hangAtSync() {
      const { promise, resolve } = Promise.withResolvers<void>();
      hang = () => {
        resolve();
        return new Promise(() => {});
      };
      return promise;
    },
    async reopen() {
      await close();
      store = await open();
      gallery.images = store.images;
    },
    async [Symbol.asyncDispose]() {
      await close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return gallery;
}

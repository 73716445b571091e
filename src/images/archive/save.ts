import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { notFound, systemError } from '../../errors/index.ts';
import { formatHeader, padOf, TAR_END, tarEntry } from '../../lib/index.ts';
import {
  type Descriptor,
  type Digest,
  digestHex,
  digestOf,
  familiarName,
  formatFamiliar,
  formatReference,
  isDigest,
  mediaType,
  parseReference,
  type Reference,
} from '../../oci/index.ts';
import { createdSeconds } from '../config-file.ts';
import type { Image, ImageLayer } from '../contract.ts';
import { findImage } from '../find-image.ts';
import { publishImage } from '../image-event.ts';
import { type Entry, repositoryOf } from '../image-table.ts';
import type { Room } from '../room.ts';
import { measure, plainBytes, refuseAborted } from './plain.ts';

interface Member {
  name: string;
  sizeBytes: number;
  mtimeSec: number;
  open(): Promise<AsyncIterable<Uint8Array>>;
}

interface Saved {
  entry: Entry;
  names: Reference[];
}

/**
 * The archive that dockerd 28 writes: a docker archive (`manifest.json`, `repositories`) and an OCI layout (`index.json`)
 * over the same plain blobs, sorted by name, with the image's own times. The same images under the same names give the same
 * bytes. Everything is checked before the stream is given; while it flows nothing of it is swept.
 */
export async function saveArchive(room: Room, words: string[], signal: AbortSignal): Promise<Readable> {
  const saved = selectImages(room, words);
  const releases = saved.flatMap(({ entry }) => holdImage(room, entry.image));
  const release = (): void => {
    for (const undo of releases.splice(0)) undo();
  };
  try {
    const members = await membersOf(room, saved, signal);
    const mtimeSec = Math.max(0, ...saved.map(({ entry }) => createdSeconds(entry.image.config)));
    for (const { entry } of saved) publishImage(room.needs, 'save', entry.image);
    const tar = Readable.from(writeTar(members, mtimeSec, signal), { objectMode: false, highWaterMark: 1 << 18 });
    tar.once('close', () => {
      release();
      // What was removed meanwhile had to wait for us.
      room.leftovers.sweep().catch(() => undefined);
    });
    return tar;
  } catch (error) {
    release();
    throw error;
  }
}

/** Each image once, with the names asked for. A bare repository name means all its tags. */
function selectImages({ table }: Room, words: readonly string[]): Saved[] {
  const saved = new Map<Digest, Saved>();
  const add = (entry: Entry, name?: Reference): void => {
    const known = saved.get(entry.image.id) ?? { entry, names: [] };
    saved.set(entry.image.id, known);
    if (name === undefined) return;
    const text = formatReference(name);
    if (!known.names.some((other) => formatReference(other) === text)) known.names.push(name);
  };
  for (const word of words) {
    const isId = isDigest(word) || /^[0-9a-f]{64}$/.test(word);
    const reference = isId ? undefined : parseReference(word);
    if (reference !== undefined && reference.tag === undefined && reference.digest === undefined) {
      const tagged = table
        .namesIn(repositoryOf(formatReference(reference)))
        .map(parseReference)
        .filter(({ digest }) => digest === undefined);
      for (const name of tagged) {
        const id = table.idOf(formatReference(name));
        const entry = id === undefined ? undefined : table.find(id);
        if (entry !== undefined) add(entry, name);
      }
      if (tagged.length > 0) continue;
    }
    const entry = findImage(table, word);
    if (entry === undefined) throw notFound('no-such-image', `No such image: ${word}`, { detail: { image: word } });
    const isName = reference?.tag !== undefined && reference.digest === undefined;
    add(entry, isName && table.idOf(formatReference(reference)) === entry.image.id ? reference : undefined);
  }
  return [...saved.values()];
}

function holdImage({ leftovers }: Room, image: Image): (() => void)[] {
  return image.layers.flatMap(({ snapshot, blob }) => [
    leftovers.hold({ kind: 'snapshot', key: snapshot }),
    ...(blob === undefined ? [] : [leftovers.hold({ kind: 'blob', key: blob.digest })]),
  ]);
}

async function membersOf(room: Room, saved: readonly Saved[], signal: AbortSignal): Promise<Member[]> {
  const blobs = new Map<Digest, Member>();
  const put = (bytes: Buffer, mtimeSec: number): Digest => {
    const digest = digestOf(bytes);
    const name = blobName(digest);
    if (!blobs.has(digest)) blobs.set(digest, bytesMember(name, bytes, mtimeSec));
    return digest;
  };
  const manifest: object[] = [];
  const index: object[] = [];
  const repositories: Record<string, Record<string, string>> = {};
  for (const { entry, names } of saved) {
    const { image, record } = entry;
    const mtimeSec = Math.max(0, createdSeconds(image.config));
    const config = Buffer.from(record.config);
    put(config, mtimeSec);
    const layers: Descriptor[] = [];
    for (const layer of image.layers) {
      const member = blobs.get(layer.diffId) ?? (await layerMember(room, layer, mtimeSec, signal));
      blobs.set(layer.diffId, member);
      layers.push({ mediaType: mediaType.ociLayer, digest: layer.diffId, size: member.sizeBytes });
    }
    const ociConfig = { mediaType: mediaType.ociConfig, digest: image.id, size: config.length };
    const ociManifest = { schemaVersion: 2, mediaType: mediaType.ociManifest, config: ociConfig, layers };
    const bytes = Buffer.from(JSON.stringify(ociManifest));
    const descriptor = { mediaType: mediaType.ociManifest, digest: put(bytes, 0), size: bytes.length };
    for (const name of names) {
      const annotations = {
        'io.containerd.image.name': formatReference(name),
        'org.opencontainers.image.ref.name': name.tag ?? '',
      };
      index.push({ ...descriptor, annotations });
      const top = image.layers.at(-1);
      if (top === undefined) continue;
      const tags = (repositories[familiarName(name)] ??= {});
      tags[name.tag ?? ''] = digestHex(top.diffId);
    }
    if (names.length === 0) index.push(descriptor);
    manifest.push({
      Config: blobName(image.id),
      RepoTags: names.length === 0 ? null : names.map(formatFamiliar),
      Layers: layers.map(({ digest }) => blobName(digest)),
      LayerSources: Object.fromEntries(layers.toSorted((a, b) => (a.digest < b.digest ? -1 : 1)).map(toLayerSource)),
    });
  }
  const document = (name: string, text: string): Member => bytesMember(name, Buffer.from(text), 0);
  return [
    ...[...blobs.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    document('index.json', JSON.stringify({ schemaVersion: 2, mediaType: mediaType.ociIndex, manifests: index })),
    document('manifest.json', `${JSON.stringify(manifest)}\n`),
    document('oci-layout', '{"imageLayoutVersion": "1.0.0"}'),
    ...(Object.keys(repositories).length === 0
      ? []
      : [document('repositories', `${JSON.stringify(sortedDeep(repositories))}\n`)]),
  ];
}

const sortedDeep = (maps: Record<string, Record<string, string>>): object => {
  const byKey = <T>(map: Record<string, T>): [string, T][] => Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(byKey(maps).map(([key, map]) => [key, Object.fromEntries(byKey(map))]));
};

/** Fields in dockerd's order, which is another one here than in manifests. */
const toLayerSource = ({ mediaType, size, digest }: Descriptor): [Digest, object] => [
  digest,
  { mediaType, size, digest },
];

const blobName = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;

const bytesMember = (name: string, bytes: Buffer, mtimeSec: number): Member => ({
  name,
  sizeBytes: bytes.length,
  mtimeSec,
  open: async () => Readable.from([bytes]),
});

/** The plain layer: its blob, its blob unpacked, or written anew from the snapshot; in any case of its diff id. */
async function layerMember(room: Room, layer: ImageLayer, mtimeSec: number, signal: AbortSignal): Promise<Member> {
  const { blob, diffId, snapshot } = layer;
  const { content, layers } = room.needs;
  const name = blobName(diffId);
  if (blob !== undefined && blob.digest === diffId)
    return { name, sizeBytes: await content.size(diffId), mtimeSec, open: () => content.open(diffId) };
  const open = async (): Promise<AsyncIterable<Uint8Array>> =>
    blob === undefined ? await layers.openDiff(snapshot) : plainBytes(await content.open(blob.digest));
  const found = await measure(await open(), signal);
  if (found.digest !== diffId) throw notTheLayer(diffId, found.digest);
  return { name, sizeBytes: found.sizeBytes, mtimeSec, open: async () => verified(await open(), diffId) };
}

async function* verified(source: AsyncIterable<Uint8Array>, diffId: Digest): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  const got = `sha256:${hash.digest('hex')}` as Digest;
  if (got !== diffId) throw notTheLayer(diffId, got);
}

const notTheLayer = (diffId: Digest, got: Digest): Error =>
  systemError('layer-changed', `layer ${diffId} cannot be saved: its files now give ${got}`, {
    detail: { diffId, got },
  });

async function* writeTar(members: readonly Member[], mtimeSec: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  for (const name of ['blobs/', 'blobs/sha256/']) yield formatHeader(tarEntry('directory', name, { mtimeSec }));
  for (const { name, sizeBytes, mtimeSec: memberTime, open } of members) {
    yield formatHeader(tarEntry('file', name, { sizeBytes, mtimeSec: memberTime }));
    let written = 0;
    for await (const chunk of await open()) {
      refuseAborted(signal);
      written += chunk.length;
      yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    }
    if (written !== sizeBytes) throw systemError('layer-changed', `${name} has ${written} bytes, not ${sizeBytes}`);
    if (padOf(sizeBytes) > 0) yield Buffer.alloc(padOf(sizeBytes));
  }
  yield TAR_END;
}

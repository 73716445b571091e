import { invalidParameter } from '../errors/index.ts';
import type { Descriptor, Platform } from '../oci/index.ts';
import { parseSnapshotKey } from '../store/index.ts';
import { layerMediaType } from './archive/plain.ts';
import type { Image, ImageLayer, ImportRequest } from './contract.ts';
import { publishImage } from './image-event.ts';
import { recordImage } from './record-image.ts';
import type { Room } from './room.ts';
import { giveName, parseRepoTag } from './tag.ts';
import { prepareUnpack } from './unpack.ts';
import { Work } from './work.ts';

const ARCHITECTURES: Record<string, string> = { x86_64: 'amd64', 'x86-64': 'amd64', aarch64: 'arm64', i386: '386' };

/** An image of one layer: the tar as it is, compressed or not. Bad words are refused before the first byte is read. */
export async function importImage(room: Room, request: ImportRequest, signal: AbortSignal): Promise<Image> {
  const { needs } = room;
  const name = parseRepoTag(request.repository ?? '', request.tag ?? '');
  const platform = parsePlatform(request.platform, needs.platform);
  const config = needs.applyChanges({}, request.changes);
  await using work = new Work(room.leftovers);
  const layer = await importLayer(room, work, request.source, signal);
  const created = new Date(needs.now()).toISOString();
  const comment = request.message || 'Imported from -';
  const file = {
    architecture: platform.architecture,
    comment,
    config,
    created,
    history: [{ created, comment }],
    os: platform.os,
    rootfs: { type: 'layers', diff_ids: [layer.diffId] },
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
  };
  await needs.snapshots.sync();
  return await room.lock.run('table', async () => {
    const image = await recordImage(room, { configBytes: Buffer.from(JSON.stringify(file)), layers: [layer] });
    if (name !== undefined) await giveName(room, image, name);
    publishImage(needs, 'import', image);
    return image;
  });
}

async function importLayer(
  room: Room,
  work: Work,
  source: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<ImageLayer> {
  const { content, layers, snapshots } = room.needs;
  const { digest, sizeBytes } = await content.ingest(source, {}, signal);
  await work.claim({ kind: 'blob', key: digest });
  const mediaType = await layerMediaType(await content.open(digest, { start: 0, end: 63 }));
  const active = await prepareUnpack(room, work);
  const applied = await layers.apply(active, await content.open(digest), signal);
  // Layer blobs are plain, gzip or zstd; of any other form the layer is what we would write ourselves.
  const blob: Descriptor | undefined = mediaType === undefined ? undefined : { mediaType, digest, size: sizeBytes };
  const { diffId } = blob === undefined ? await layers.diff(active) : applied;
  const snapshot = parseSnapshotKey(diffId);
  await work.claim({ kind: 'snapshot', key: snapshot });
  await snapshots.commit(snapshot, active);
  return { diffId, snapshot, sizeBytes: applied.sizeBytes, ...(blob === undefined ? {} : { blob }) };
}

/** `os[/arch[/variant]]` or `arch`. */
export function parsePlatform(text: string | undefined, host: Platform): Platform {
  if (text === undefined || text === '') return host;
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || !parts.every((part) => /^[a-z0-9_.-]+$/.test(part)))
    throw invalidParameter(
      'invalid-platform',
      `${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`,
    );
  const [os = '', architecture = host.architecture, variant] =
    parts.length === 1 && parts[0] !== 'linux' ? ['linux', ...parts] : parts;
  if (os !== 'linux') throw invalidParameter('invalid-platform', 'operating system is not supported');
  const known = ARCHITECTURES[architecture] ?? architecture;
  return variant === undefined ? { os, architecture: known } : { os, architecture: known, variant };
}

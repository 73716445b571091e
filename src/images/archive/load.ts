import { invalidParameter } from '../../errors/index.ts';
import { digestHex, formatFamiliar, formatReference } from '../../oci/index.ts';
import type { Image, ImageLayer, ImageProgress } from '../contract.ts';
import { publishImage } from '../image-event.ts';
import { recordImage } from '../record-image.ts';
import type { Room } from '../room.ts';
import { giveName } from '../tag.ts';
import { type LayerSource, unpackLayers } from '../unpack.ts';
import { Work } from '../work.ts';
import { ArchiveFiles } from './archive-files.ts';
import { planDockerArchive } from './docker-archive.ts';
import { planOciLayout } from './oci-layout.ts';
import { layerMediaType } from './plain.ts';
import { badArchive, type PlannedImage } from './plan.ts';

type Progress = (message: ImageProgress) => void;

/** All images of the archive or none: they are recorded when every layer of every one is unpacked and proved. */
export async function loadArchive(
  room: Room,
  source: AsyncIterable<Uint8Array>,
  options: { quiet: boolean },
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const { content, tempDir } = room.needs;
  await using work = new Work(room.leftovers);
  await using files = await ArchiveFiles.read(source, { content, work, tempDir, signal });
  const planned = await planArchive(room, files);
  const ready: { plan: PlannedImage; layers: ImageLayer[] }[] = [];
  for (const plan of planned) {
    const sources = await layerSources(room, files, plan);
    const onUnpacked = (layer: LayerSource): void => {
      if (!options.quiet) progress(layerProgress(layer));
    };
    ready.push({ plan, layers: await unpackLayers(room, work, sources, onUnpacked, signal) });
  }
  await room.needs.snapshots.sync();
  await room.lock.run('table', async () => {
    for (const { plan, layers } of ready) await recordLoaded(room, plan, layers, progress);
  });
}

async function planArchive(room: Room, files: ArchiveFiles): Promise<PlannedImage[]> {
  if (files.has('manifest.json')) return await planDockerArchive(files);
  if (files.has('index.json')) return await planOciLayout(files, room.needs.platform);
  throw invalidParameter(
    'invalid-archive',
    'invalid archive: it has neither manifest.json (docker save) nor index.json (OCI layout). ' +
      'A tar of a root file system is brought in with import',
  );
}

async function layerSources(room: Room, files: ArchiveFiles, plan: PlannedImage): Promise<LayerSource[]> {
  const sources: LayerSource[] = [];
  for (const [index, name] of plan.layers.entries()) {
    const diffId = plan.config.rootfs.diff_ids[index];
    const { digest, sizeBytes } = await files.blobOf(name);
    const mediaType = await layerMediaType(await room.needs.content.open(digest, { start: 0, end: 63 }));
    if (diffId === undefined || mediaType === undefined)
      throw badArchive(`layer ${index} is compressed with something else than gzip or zstd`);
    sources.push({ diffId, blob: { mediaType, digest, size: sizeBytes } });
  }
  return sources;
}

async function recordLoaded(room: Room, plan: PlannedImage, layers: ImageLayer[], progress: Progress): Promise<void> {
  const { configBytes, names, target } = plan;
  const image = await recordImage(room, { configBytes, layers, ...(target === undefined ? {} : { target }) });
  for (const reference of names) {
    const old = room.table.idOf(formatReference(reference));
    const familiar = formatFamiliar(reference);
    if (old !== undefined && old !== image.id)
      progress({
        stream: `The image ${familiar} already exists, renaming the old one with ID ${old} to empty string\n`,
      });
    await giveName(room, image, reference);
    progress({ stream: `Loaded image: ${familiar}\n` });
  }
  if (names.length === 0) progress({ stream: `Loaded image ID: ${image.id}\n` });
  publishLoad(room, image);
}

const publishLoad = (room: Room, image: Image): void => publishImage(room.needs, 'load', image);

const layerProgress = ({ diffId, blob }: LayerSource): ImageProgress => ({
  status: 'Loading layer',
  progressDetail: { current: blob.size, total: blob.size },
  id: digestHex(diffId).slice(0, 12),
});

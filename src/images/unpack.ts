import { randomUUID } from 'node:crypto';
import { invalidParameter } from '../errors/index.ts';
import { type Descriptor, type Digest, digestOf } from '../oci/index.ts';
import { parseSnapshotKey, type SnapshotKey } from '../store/index.ts';
import { isPlain, measure, plainBytes } from './archive/plain.ts';
import type { ImageLayer } from './contract.ts';
import { UNPACK_PREFIX } from './leftovers.ts';
import type { Room } from './room.ts';
import type { Work } from './work.ts';

/** A layer to be brought in: its blob is in the content store, claimed by the work. */
export interface LayerSource {
  diffId: Digest;
  blob: Descriptor;
}

/**
 * Makes the chain of snapshots of an image, bottom first; what is there already is not unpacked again. Each blob is proved to
 * be its diff id. Not synced. @throws invalid-parameter `wrong-diff-id`
 */
export async function unpackLayers(
  room: Room,
  work: Work,
  sources: readonly LayerSource[],
  onUnpacked: (source: LayerSource) => void,
  signal: AbortSignal,
): Promise<ImageLayer[]> {
  const layers: ImageLayer[] = [];
  for (const [index, source] of sources.entries()) {
    const parent = layers.at(-1)?.snapshot;
    const snapshot = parseSnapshotKey(parent === undefined ? source.diffId : digestOf(`${parent} ${source.diffId}`));
    await work.claim({ kind: 'snapshot', key: snapshot });
    let sizeBytes: number;
    if ((await room.needs.snapshots.find(snapshot)) === undefined) {
      const active = await prepareUnpack(room, work, parent);
      const tar = await room.needs.content.open(source.blob.digest);
      const applied = await room.needs.layers.apply(active, tar, signal);
      refuseOtherDiff(index, source.diffId, applied.diffId);
      await room.needs.snapshots.commit(snapshot, active);
      sizeBytes = applied.sizeBytes;
      onUnpacked(source);
    } else {
      if (!isPlain(source.blob)) {
        const { digest } = await measure(plainBytes(await room.needs.content.open(source.blob.digest)), signal);
        refuseOtherDiff(index, source.diffId, digest);
      } else refuseOtherDiff(index, source.diffId, source.blob.digest);
      sizeBytes = room.table.layerSize(snapshot) ?? (await room.needs.snapshots.usage(snapshot)).sizeBytes;
    }
    layers.push({ diffId: source.diffId, snapshot, blob: source.blob, sizeBytes });
  }
  return layers;
}

/** A claimed active snapshot to unpack into. */
export async function prepareUnpack(room: Room, work: Work, parent?: SnapshotKey): Promise<SnapshotKey> {
  const active = parseSnapshotKey(UNPACK_PREFIX + randomUUID());
  await work.claim({ kind: 'snapshot', key: active });
  await room.needs.snapshots.prepare(active, parent, { isVolatile: true });
  return active;
}

function refuseOtherDiff(index: number, expected: Digest, got: Digest): void {
  if (expected === got) return;
  const message = `invalid diffID for layer ${index}: expected "${expected}", got "${got}"`;
  throw invalidParameter('wrong-diff-id', message, { detail: { index, expected, got } });
}

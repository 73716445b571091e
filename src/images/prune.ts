import type { ImageDeleteResponseItem } from '../api/index.ts';
import { isEngineError } from '../errors/index.ts';
import { digestHex, formatFamiliar, parseReference } from '../oci/index.ts';
import { createdNs, labelsOf } from './config-file.ts';
import type { ImagesPruned } from './contract.ts';
import { booleanOf, checkKeys, type Filters, labelFilter, untilNs } from './filters.ts';
import type { Entry } from './image-table.ts';
import { removeImage } from './remove.ts';
import type { Room } from './room.ts';

const KEYS = ['dangling', 'label', 'label!', 'until'];

/** Removes images without a name (`dangling`, the default), or all that no container uses. Images in use are passed over. */
export async function pruneImages(room: Room, filters: Filters): Promise<ImagesPruned> {
  checkKeys(filters, KEYS);
  const isDanglingOnly = booleanOf(filters, 'dangling') ?? true;
  const matchesLabels = labelFilter(filters);
  const until = untilNs(filters, room.needs.now());
  const { table, needs } = room;
  const sizes = new Map(
    table.entries().flatMap(({ image }) => image.layers.map((l) => [l.snapshot as string, l.sizeBytes])),
  );
  const candidates = table.entries().filter(({ image }) => {
    const hasChildren = table.childrenOf(image.id).length > 0;
    if (hasChildren && (isDanglingOnly || table.namesOf(image.id).length === 0)) return false;
    if (until !== undefined && (createdNs(image.config) ?? 0n) > until) return false;
    return matchesLabels(labelsOf(image.config));
  });
  const deleted: ImageDeleteResponseItem[] = [];
  for (const entry of candidates) deleted.push(...(await pruneOne(room, entry, isDanglingOnly)));
  const reclaimed = deleted.reduce((sum, { Deleted }) => sum + (sizes.get(Deleted ?? '') ?? 0), 0);
  needs.events.publish('image', 'prune', { id: '', attributes: { reclaimed: String(reclaimed) } });
  return { ImagesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

async function pruneOne(room: Room, { image }: Entry, isDanglingOnly: boolean): Promise<ImageDeleteResponseItem[]> {
  const names = room.table.namesOf(image.id).map(parseReference);
  if (isDanglingOnly && names.some(({ digest }) => digest === undefined)) return [];
  const words = names.length === 0 ? [digestHex(image.id)] : names.map(formatFamiliar);
  const deleted: ImageDeleteResponseItem[] = [];
  for (const word of words) {
    try {
      deleted.push(...(await removeImage(room, word, { force: false, noPrune: false })));
    } catch (error) {
      if (!isEngineError(error, 'conflict') && !isEngineError(error, 'not-found')) throw error;
    }
  }
  return deleted;
}

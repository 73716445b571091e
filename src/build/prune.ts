import type { BuildCache } from '../api/index.ts';
import { invalidParameter, isEngineError } from '../errors/index.ts';
import type { Image } from '../images/index.ts';
import type { SnapshotKey, Snapshots } from '../store/index.ts';
import type { StepCache } from './cache/cache.ts';
import type { CacheRecord } from './cache/record.ts';

type PruneResult = { CachesDeleted: string[] | null; SpaceReclaimed: number };

export interface PruneNeeds {
  cache: StepCache;
  snapshots: Pick<Snapshots, 'remove' | 'usage' | 'find'>;
  /** Layers of images: theirs, not the cache's. */
  inImages: ReadonlySet<string>;
  /** By a build that runs now. */
  isSnapshotUsed(key: SnapshotKey): boolean;
  now(): number;
}

const UNITS: Record<string, number> = { ms: 1, s: 1e3, m: 6e4, h: 36e5 };

/** Forgets cached steps and removes the layers that no image has. Without `all`, what an image still has stays a cache hit. */
export async function pruneCache(
  filters: Record<string, string[]>,
  all: boolean,
  needs: PruneNeeds,
): Promise<PruneResult> {
  const { inImages } = needs;
  const before = untilMs(filters['until'], needs.now());
  const chosen = needs.cache.list().filter((record) => {
    if (record.layer !== undefined && needs.isSnapshotUsed(record.layer.snapshot)) return false;
    if (before !== undefined && record.lastUsedMs > before) return false;
    if (filters['id'] !== undefined && !filters['id'].some((id) => record.key.startsWith(id))) return false;
    return all || record.layer === undefined || !inImages.has(record.layer.snapshot);
  });
  await needs.cache.drop(chosen.map((record) => record.key));
  const kept = new Set(needs.cache.list().map((record) => record.layer?.snapshot));
  const reclaimed = await removeLayers(
    chosen
      .flatMap((record) => record.layer?.snapshot ?? [])
      .filter((key) => !inImages.has(key) && !kept.has(key) && !needs.isSnapshotUsed(key)),
    needs.snapshots,
  );
  return { CachesDeleted: chosen.length === 0 ? null : chosen.map((record) => record.key), SpaceReclaimed: reclaimed };
}

/** Children before parents: goes round until nothing more can be removed. One that is in use stays. */
async function removeLayers(keys: SnapshotKey[], snapshots: PruneNeeds['snapshots']): Promise<number> {
  let bytes = 0;
  let left = [...new Set(keys)];
  for (;;) {
    const inUse: SnapshotKey[] = [];
    for (const key of left) {
      if ((await snapshots.find(key)) === undefined) continue;
      const { sizeBytes } = await snapshots.usage(key);
      try {
        await snapshots.remove(key);
        bytes += sizeBytes;
      } catch (error) {
        if (!isEngineError(error, 'conflict')) throw error;
        inUse.push(key);
      }
    }
    if (inUse.length === left.length || inUse.length === 0) return bytes;
    left = inUse;
  }
}

/** `until=24h` or a time. @throws invalid-parameter `invalid-filter` */
function untilMs(values: string[] | undefined, nowMs: number): number | undefined {
  const [text] = values ?? [];
  if (text === undefined) return undefined;
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join('') === text) {
    return nowMs - parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS[unit ?? ''] ?? 0), 0);
  }
  const at = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isNaN(at)) throw invalidParameter('invalid-filter', `invalid filter 'until=${text}'`);
  return at;
}

export function toBuildCache(record: CacheRecord, imageSnapshots: ReadonlySet<string>): BuildCache {
  const snapshot = record.layer?.snapshot;
  return {
    ID: record.key,
    Parents: record.parent === '' ? null : [record.parent],
    Type: 'regular',
    Description: record.label,
    InUse: false,
    Shared: snapshot !== undefined && imageSnapshots.has(snapshot),
    Size: record.layer?.sizeBytes ?? 0,
    CreatedAt: record.created,
    LastUsedAt: new Date(record.lastUsedMs).toISOString(),
    UsageCount: record.uses,
  };
}

export const layersOf = (images: readonly Image[]): Set<string> =>
  new Set(images.flatMap((image) => image.layers.map((layer) => layer.snapshot as string)));

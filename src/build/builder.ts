import type { SnapshotKey } from '../store/index.ts';
import { build } from './build.ts';
import { createStepCache, type StepCache } from './cache/cache.ts';
import { ContextMemory } from './context.ts';
import type { Builder } from './contract.ts';
import type { BuilderNeeds } from './needs.ts';
import { layersOf, pruneCache, toBuildCache } from './prune.ts';
import type { BuildSession } from './session.ts';
import type { Solved } from './solver/solver.ts';
import { sweep } from './sweep.ts';

/** The builder behind `POST /build` and `berth build`. */
export function createBuilder(needs: BuilderNeeds): Builder {
  /** Equal steps of builds that overlap share one run. */
  const flights = new Map<string, Promise<Solved>>();
  const sessions = new Set<BuildSession>();
  const isSnapshotUsed = (key: SnapshotKey): boolean => [...sessions].some(({ held }) => held.has(key));
  const contexts = new ContextMemory();
  let loading: Promise<StepCache> | undefined;
  const cache = (): Promise<StepCache> => {
    loading ??= createStepCache(needs.metadata, needs.snapshots);
    return loading;
  };
  const imageSnapshots = async (): Promise<Set<string>> => {
    const summaries = await needs.images.list({ all: true, filters: {}, sharedSize: false });
    return layersOf(summaries.flatMap(({ Id }) => (Id === undefined ? [] : (needs.images.find(Id) ?? []))));
  };
  return {
    async build(asked, emit, signal) {
      const request = { ...asked, hostCa: asked.hostCa || needs.isHostCa === true };
      return build(request, emit, signal, { ...needs, cache: await cache(), flights, contexts, sessions });
    },
    async prune(filters, all) {
      const { snapshots, now } = needs;
      return pruneCache(filters, all, {
        cache: await cache(),
        snapshots,
        inImages: await imageSnapshots(),
        isSnapshotUsed,
        now,
      });
    },
    isSnapshotUsed,
    async cacheRecords() {
      const inImages = await imageSnapshots();
      return (await cache()).list().map((record) => toBuildCache(record, inImages));
    },
    sweep: () => sweep(needs.snapshots, needs.tempDir),
  };
}

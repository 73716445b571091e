import type { CacheReason } from '../contract.ts';
import type { CacheRecord } from './record.ts';

/** What is known about a step that has no cached result. */
export interface Miss {
  noCache: boolean;
  /** The step whose result it stands on ran in this build. */
  didParentRun: boolean;
  /** It stands straight on this base image. */
  baseImage?: string;
  definition: string;
  parent: string;
  sources: readonly (readonly [string, string])[];
  /** Records of the same instruction on the same parent. */
  siblings: readonly CacheRecord[];
  /** What this place of this Dockerfile gave last time. */
  last: CacheRecord | undefined;
}

/** Why the step runs, in words a user understands. Pure. */
export function explainMiss(miss: Miss): CacheReason {
  return { hit: false, reason: reasonOf(miss) };
}

function reasonOf(miss: Miss): string {
  if (miss.noCache) return '--no-cache';
  if (miss.didParentRun && miss.last !== undefined) return 'the step before it ran anew';
  const changed = changedPaths(miss);
  if (changed.length > 0) return `the contents of ${listed(changed)} changed`;
  if (miss.last !== undefined && miss.last.definition !== miss.definition) return 'the instruction changed';
  if (miss.last !== undefined && miss.last.parent !== miss.parent) {
    return miss.baseImage === undefined ? 'the step before it gave something else' : 'the base image is another one';
  }
  if (miss.last !== undefined || miss.siblings.length > 0) return 'its cached result was removed';
  return 'it was not built before';
}

function changedPaths({ sources, siblings, last }: Miss): string[] {
  const before =
    siblings.find((record) => record === last) ?? siblings.toSorted((a, b) => b.lastUsedMs - a.lastUsedMs)[0];
  if (before === undefined || sources.length === 0) return [];
  const known = new Map(before.sources);
  const now = new Map(sources);
  const changed = sources.filter(([path, hash]) => known.get(path) !== hash).map(([path]) => path);
  return [...changed, ...before.sources.map(([path]) => path).filter((path) => !now.has(path))];
}

function listed(paths: readonly string[]): string {
  const shown = paths
    .slice(0, 3)
    .map((path) => (path === '/' || path === '' ? 'the source folder' : path.replace(/^\//, '')));
  const more = paths.length - shown.length;
  if (more > 0) return `${shown.join(', ')} and ${more} more`;
  return shown.length === 1 ? `${shown[0]}` : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)}`;
}

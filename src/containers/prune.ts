import type { ContainersPruned } from '../api/index.ts';
import { invalidParameter, isEngineError } from '../errors/index.ts';
import { snapshotOf } from './container.ts';
import type { Context } from './context.ts';
import { compileFilters, type Filters } from './list/filters.ts';
import { type RemoveNeeds, removeContainer } from './remove.ts';
import { parseTime } from './time.ts';

const KEYS = ['until', 'label', 'label!'];
const UNITS_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Removes every container that does not run. One that starts meanwhile stays. */
export async function pruneContainers(
  needs: RemoveNeeds & Pick<Context, 'images' | 'networks' | 'now'>,
  filters: Filters,
): Promise<ContainersPruned> {
  const matches = compileFilters(filters, needs, KEYS);
  const until = filters['until'];
  if (until !== undefined && until.length > 1) {
    throw invalidParameter('invalid-filter', 'more than one until filter specified');
  }
  const before = until?.[0] === undefined ? Number.POSITIVE_INFINITY : parseUntil(until[0], needs.now());
  const deleted: string[] = [];
  let reclaimed = 0;
  for (const container of needs.directory.all()) {
    const { state, created } = container.record;
    const isEnded = !container.isLive && ['created', 'exited', 'dead'].includes(state.status);
    if (!isEnded || parseTime(created) >= before || !matches(container)) continue;
    const { sizeBytes } = await needs.snapshots.usage(snapshotOf(container.id)).catch(() => ({ sizeBytes: 0 }));
    try {
      await removeContainer(needs, container.id, { force: false, volumes: false, link: false });
    } catch (error) {
      if (!isEngineError(error)) throw error;
      continue;
    }
    deleted.push(container.id);
    reclaimed += sizeBytes;
  }
  needs.events.publish('container', 'prune', { id: '', attributes: { reclaimed: String(reclaimed) } });
  return { ContainersDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
}

/** A time (RFC 3339, a date, Unix seconds) or a duration back from now (`24h`). @throws invalid-parameter `invalid-until` */
export function parseUntil(text: string, nowMs: number): number {
  if (/^[0-9]+(\.[0-9]+)?$/.test(text)) return Number(text) * 1000;
  if (/^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    let total = 0;
    for (const [, count, , unit] of text.matchAll(/([0-9]+(\.[0-9]+)?)(ns|us|µs|ms|s|m|h)/g)) {
      total += Number(count) * (UNITS_MS[unit ?? 's'] ?? 1000);
    }
    return nowMs - total;
  }
  if (/^[0-9]{4}-[0-9]{2}-[0-9]{2}(T|$)/.test(text)) {
    const time = Date.parse(text);
    if (!Number.isNaN(time)) return time;
  }
  throw invalidParameter('invalid-until', `failed to parse value as time or duration: ${JSON.stringify(text)}`);
}

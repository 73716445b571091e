import { isEngineError, messageOf } from '../errors/index.ts';
import type { Digest } from '../oci/index.ts';
import type { Change, SnapshotKey } from '../store/index.ts';
import type { ImageTable } from './image-table.ts';
import type { ImageNeeds } from './needs.ts';
import { LEFTOVERS } from './record.ts';

export type Item = { kind: 'snapshot'; key: SnapshotKey } | { kind: 'blob'; key: Digest };

/** Keys of active snapshots that layers are unpacked into: nobody else's. */
export const UNPACK_PREFIX = 'unpack-';

const nameOf = (item: Item): string => `${item.kind}:${item.key}`;

/**
 * The durable list of what may have to go. Work that makes a snapshot or a blob notes it first; removing an image notes
 * what was its own. `sweep` removes what no image refers to and nobody holds: after each piece of work, and at start for
 * what a crash left. What cannot be removed yet (a container stands on it) stays on the list.
 */
export class Leftovers {
  readonly #needs: ImageNeeds;
  readonly #table: ImageTable;
  readonly #items = new Map<string, Item>();
  /** What running work relies on, by name. */
  readonly #holds = new Map<string, number>();
  #sweeping: Promise<Set<string>> = Promise.resolve(new Set());

  private constructor(needs: ImageNeeds, table: ImageTable) {
    this.#needs = needs;
    this.#table = table;
  }

  static async load(needs: ImageNeeds, table: ImageTable): Promise<Leftovers> {
    const leftovers = new Leftovers(needs, table);
    for (const { key } of await needs.metadata.load<unknown>(LEFTOVERS)) {
      const item = parseItem(key);
      if (item !== undefined) leftovers.#items.set(key, item);
    }
    await leftovers.sweep();
    return leftovers;
  }

  /** The rows to be written with another change; call `remember` when they are. */
  rowsOf(items: Item[]): Change[] {
    return items.map((item) => ({ bucket: LEFTOVERS, key: nameOf(item), put: {} }));
  }

  remember(items: Item[]): void {
    for (const item of items) this.#items.set(nameOf(item), item);
  }

  async note(items: Item[]): Promise<void> {
    const fresh = items.filter((item) => !this.#items.has(nameOf(item)));
    if (fresh.length === 0) return;
    await this.#needs.metadata.write(this.rowsOf(fresh));
    this.remember(fresh);
  }

  /** Keeps a layer or blob from being swept until released, whether it is on the list yet or not. */
  hold(item: Item): () => void {
    const name = nameOf(item);
    this.#holds.set(name, (this.#holds.get(name) ?? 0) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = (this.#holds.get(name) ?? 1) - 1;
      if (left === 0) this.#holds.delete(name);
      else this.#holds.set(name, left);
    };
  }

  /** Gives the names (`snapshot:…`, `blob:…`) of what was really removed. */
  sweep(): Promise<Set<string>> {
    this.#sweeping = this.#sweeping.catch(() => new Set<string>()).then(() => this.#sweep());
    return this.#sweeping;
  }

  /** When sweeps that have begun are over. */
  async settled(): Promise<void> {
    await this.#sweeping.catch(() => undefined);
  }

  async #sweep(): Promise<Set<string>> {
    const removed = new Set<string>();
    const settled: Change[] = [];
    // A child was noted with its parents: go round until nothing more can go.
    for (let isMoving = true; isMoving; ) {
      isMoving = false;
      for (const [name, item] of [...this.#items]) {
        if (this.#holds.has(name)) continue;
        const isWanted = this.#isInImage(item);
        // Others need it for a time only, and at start they cannot say yet: it stays listed, to be asked for again.
        if (!isWanted && this.#isHeldElsewhere(item)) continue;
        if (!isWanted && !(await this.#remove(item))) continue;
        if (!isWanted) removed.add(name);
        this.#items.delete(name);
        settled.push({ bucket: LEFTOVERS, key: name, delete: true });
        isMoving = true;
      }
    }
    if (settled.length > 0) await this.#needs.metadata.write(settled);
    return removed;
  }

  #isInImage(item: Item): boolean {
    return item.kind === 'blob' ? this.#table.usesBlob(item.key) : this.#table.usesSnapshot(item.key);
  }

  #isHeldElsewhere(item: Item): boolean {
    if (item.kind === 'blob' || item.key.startsWith(UNPACK_PREFIX)) return false;
    return this.#needs.isSnapshotUsed?.(item.key) === true;
  }

  async #remove(item: Item): Promise<boolean> {
    try {
      if (item.kind === 'blob') await this.#needs.content.delete(item.key);
      else await this.#needs.snapshots.remove(item.key);
      return true;
    } catch (error) {
      if (!isEngineError(error, 'conflict'))
        this.#needs.warn?.(`cannot remove ${nameOf(item)} yet: ${messageOf(error)}`);
      return false;
    }
  }
}

function parseItem(name: string): Item | undefined {
  const colon = name.indexOf(':');
  const key = name.slice(colon + 1);
  if (name.startsWith('snapshot:')) return { kind: 'snapshot', key: key as SnapshotKey };
  return name.startsWith('blob:') ? { kind: 'blob', key: key as Digest } : undefined;
}

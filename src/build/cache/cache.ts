import type { Change, Metadata, Snapshots } from '../../store/index.ts';
import { CACHE_BUCKET, type CacheRecord } from './record.ts';

const MAX_DEFINITIONS = 8;

export interface StepCache {
  /** The record, if its snapshot is still there; a dead one is forgotten. */
  find(key: string): Promise<CacheRecord | undefined>;
  /** By definition key: known without running anything. */
  findByDefinition(definitionKey: string): Promise<CacheRecord | undefined>;
  /** Could a content key of this instruction on this parent hit at all? */
  canHit(definition: string, parent: string): boolean;
  /** Records of the same parent and instruction, for explanations. */
  siblings(definition: string, parent: string): CacheRecord[];
  lastAt(place: string): CacheRecord | undefined;
  /** Writes the record durably; it counts from `remember` on. Called before the snapshot is committed: a crash leaves no orphan. */
  persist(record: CacheRecord): Promise<void>;
  remember(record: CacheRecord): void;
  /** Notes a hit; durable with the next write. */
  touch(record: CacheRecord, place: string, nowMs: number, definitionKey?: string): void;
  /** Writes what `remember` and `touch` left in memory. */
  flush(): Promise<void>;
  list(): CacheRecord[];
  drop(keys: readonly string[]): Promise<void>;
}

/** Steps and what they gave, in memory and in the metadata store. A record lives as long as its snapshot. */
export async function createStepCache(metadata: Metadata, snapshots: Pick<Snapshots, 'find'>): Promise<StepCache> {
  const records = new Map<string, CacheRecord>();
  const byDefinition = new Map<string, string>();
  const byInstruction = new Map<string, Set<string>>();
  const byPlace = new Map<string, string>();
  const dirty = new Set<string>();
  const instructionKey = (definition: string, parent: string): string => `${definition} ${parent}`;

  const index = (record: CacheRecord): void => {
    records.set(record.key, record);
    for (const definition of record.definitions) byDefinition.set(definition, record.key);
    const instruction = instructionKey(record.definition, record.parent);
    const keys = byInstruction.get(instruction) ?? new Set();
    byInstruction.set(instruction, keys.add(record.key));
    const other = records.get(byPlace.get(record.place) ?? '');
    if (other === undefined || other.lastUsedMs <= record.lastUsedMs) byPlace.set(record.place, record.key);
  };
  const forget = (key: string): void => {
    const record = records.get(key);
    if (record === undefined) return;
    records.delete(key);
    dirty.delete(key);
    for (const definition of record.definitions) {
      if (byDefinition.get(definition) === key) byDefinition.delete(definition);
    }
    const instruction = instructionKey(record.definition, record.parent);
    byInstruction.get(instruction)?.delete(key);
    if (byInstruction.get(instruction)?.size === 0) byInstruction.delete(instruction);
    if (byPlace.get(record.place) === key) byPlace.delete(record.place);
  };
  const alive = async (record: CacheRecord | undefined): Promise<CacheRecord | undefined> => {
    if (record?.layer === undefined || (await snapshots.find(record.layer.snapshot))?.kind === 'committed')
      return record;
    forget(record.key);
    await metadata.write([{ bucket: CACHE_BUCKET, key: record.key, delete: true }]);
    return undefined;
  };
  const put = (record: CacheRecord): Change => ({ bucket: CACHE_BUCKET, key: record.key, put: record });
  const pending = (): Change[] => {
    const changes = [...dirty].flatMap((key) => {
      const record = records.get(key);
      return record === undefined ? [] : [put(record)];
    });
    dirty.clear();
    return changes;
  };

  for (const { value } of await metadata.load<CacheRecord>(CACHE_BUCKET)) index(value);

  return {
    find: (key) => alive(records.get(key)),
    findByDefinition: (definition) => alive(records.get(byDefinition.get(definition) ?? '')),
    canHit: (definition, parent) => byInstruction.has(instructionKey(definition, parent)),
    siblings: (definition, parent) =>
      [...(byInstruction.get(instructionKey(definition, parent)) ?? [])].flatMap((key) => records.get(key) ?? []),
    lastAt: (place) => records.get(byPlace.get(place) ?? ''),
    persist: (record) => metadata.write([...pending(), put(record)]),
    remember(record) {
      forget(record.key);
      index(record);
      if (record.kind === 'config') dirty.add(record.key);
    },
    touch(record, place, nowMs, definitionKey) {
      forget(record.key);
      record.place = place;
      record.lastUsedMs = nowMs;
      record.uses += 1;
      if (definitionKey !== undefined && !record.definitions.includes(definitionKey)) {
        record.definitions = [...record.definitions, definitionKey].slice(-MAX_DEFINITIONS);
      }
      index(record);
      dirty.add(record.key);
    },
    async flush() {
      const changes = pending();
      if (changes.length > 0) await metadata.write(changes);
    },
    list: () => [...records.values()],
    async drop(keys) {
      for (const key of keys) forget(key);
      if (keys.length > 0) await metadata.write(keys.map((key) => ({ bucket: CACHE_BUCKET, key, delete: true })));
    },
  };
}

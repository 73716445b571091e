import { isEngineError } from '../../errors/index.ts';
import type { ImageLayer } from '../../images/index.ts';
import { chainId, digestOf } from '../../oci/index.ts';
import type { SnapshotKey } from '../../store/index.ts';
import type { StepCache } from '../cache/cache.ts';
import { explainMiss } from '../cache/explain.ts';
import type { CacheRecord } from '../cache/record.ts';
import type { CacheReason } from '../contract.ts';
import { hashOf, type Vertex } from '../graph/vertex.ts';
import { type ContentSource, definitionKey, instructionKey, stepKey } from './keys.ts';

/** What a vertex came to. */
export interface Solved {
  layers: readonly ImageLayer[];
  /** When it was made (RFC 3339); '' for what was there before. */
  created: string;
  cache: CacheReason;
  /** It ran in this build. */
  didRun: boolean;
}

/** Who shows a step hears what it does. */
export interface StepWatcher {
  /** The id that a step's process gets, if it has one. */
  containerId: string;
  running(cache: CacheReason): Promise<void>;
  output(stream: 'stdout' | 'stderr', data: Buffer): void | Promise<void>;
}

/** What a step's run made. */
export interface Made {
  /** The active snapshot that holds the change; absent when nothing changed. */
  key?: SnapshotKey;
  diffId?: ImageLayer['diffId'];
  sizeBytes?: number;
}

export interface SolverNeeds {
  cache: StepCache;
  snapshots: { commit(name: SnapshotKey, key: SnapshotKey): Promise<void> };
  /** Runs shared by all builds of the daemon, by step key. */
  flights: Map<string, Promise<Solved>>;
  noCache: boolean;
  sourceDateEpoch: number | undefined;
  now(): number;
  /** The tree a COPY reads: the build context, or a solved stage or image mounted read-only. */
  openTree(vertex: Vertex): Promise<string>;
  /** Content of what a COPY names in that tree. @throws when a source is missing */
  hashSources(vertex: Vertex, root: string): Promise<ContentSource[]>;
  /** Does the work on a new snapshot over `parent`. */
  run(vertex: Vertex, parent: SnapshotKey | undefined, second: Solved | undefined, watch: StepWatcher): Promise<Made>;
}

export interface Solver {
  /** Solves what it stands on, then looks in the cache, then runs. A vertex (by digest) is solved once per build. */
  solve(vertex: Vertex, place: string, watch: StepWatcher): Promise<Solved>;
  /** The cached result, if all of it is known without running anything. */
  peek(vertex: Vertex): Promise<Solved | undefined>;
  /** Is the vertex cached by its definition alone, so that the stages it copies from are not needed? */
  isKnown(vertex: Vertex): Promise<boolean>;
}

const isCancelled = (error: unknown): boolean =>
  isEngineError(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');

const SILENT: StepWatcher = { containerId: '', running: async () => {}, output: () => {} };
const topOf = (solved: Solved): SnapshotKey | undefined => solved.layers.at(-1)?.snapshot;

export function createSolver(needs: SolverNeeds): Solver {
  const solved = new Map<string, Promise<Solved>>();
  const definitions = new Map<string, Promise<string | undefined>>();
  const contents = new Map<string, Promise<ContentSource[]>>();

  const solve = (vertex: Vertex, place: string, watch: StepWatcher): Promise<Solved> => {
    const known = solved.get(vertex.digest);
    if (known !== undefined) return known.then((result) => shared(result));
    const started = solveOnce(vertex, place, watch);
    solved.set(vertex.digest, started);
    started.catch(() => {});
    return started;
  };

  const solveOnce = async (vertex: Vertex, place: string, watch: StepWatcher): Promise<Solved> => {
    const { op } = vertex;
    if (op.kind === 'scratch' || op.kind === 'context') return given([]);
    if (op.kind === 'image') return given(op.layers);
    const [first, second] = vertex.inputs;
    const base = first === undefined ? given([]) : await solve(first, '', SILENT);
    const other = op.kind === 'merge' && second !== undefined ? await solve(second, place, watch) : undefined;
    const instruction = instructionKey(op, needs.sourceDateEpoch);
    const parent = topOf(base) ?? '';
    const known = needs.noCache ? undefined : await lookUp(vertex, base, other, instruction, parent, place);
    if (known !== undefined) return known;
    const reason = await explain(vertex, base, instruction, parent, place, first);
    return runShared(vertex, base, other, { instruction, parent, place, reason }, watch);
  };

  const lookUp = async (
    vertex: Vertex,
    base: Solved,
    other: Solved | undefined,
    instruction: string,
    parent: string,
    place: string,
  ): Promise<Solved | undefined> => {
    const definition = await definitionOf(vertex);
    const byDefinition = definition === undefined ? undefined : await needs.cache.findByDefinition(definition);
    let record = byDefinition?.parent === parent ? byDefinition : undefined;
    if (record === undefined) {
      const reads = vertex.op.kind === 'copy' ? vertex.inputs[1] : undefined;
      if (reads !== undefined && reads.op.kind !== 'context' && !needs.cache.canHit(instruction, parent))
        return undefined;
      record = await needs.cache.find(stepKey(instruction, parent, await sourcesOf(vertex, other)));
    }
    if (record === undefined) return undefined;
    needs.cache.touch(record, place, needs.now(), definition);
    return fromRecord(record, base);
  };

  /** Content a step depends on besides its parent: files for a copy, the other layer for a merge. */
  const sourcesOf = (vertex: Vertex, other: Solved | undefined): Promise<ContentSource[]> => {
    if (vertex.op.kind === 'merge') return Promise.resolve([['layer', (other && topOf(other)) ?? '']]);
    const [, reads] = vertex.inputs;
    if (vertex.op.kind !== 'copy' || reads === undefined) return Promise.resolve([]);
    const known = contents.get(vertex.digest);
    if (known !== undefined) return known;
    const hashed = needs.openTree(reads).then((root) => needs.hashSources(vertex, root));
    contents.set(vertex.digest, hashed);
    hashed.catch(() => {});
    return hashed;
  };

  /** Undefined when the context lacks what a COPY names: the step itself will say so. */
  const definitionOf = (vertex: Vertex): Promise<string | undefined> => {
    const known = definitions.get(vertex.digest);
    if (known !== undefined) return known;
    const made = defineOnce(vertex).catch(() => undefined);
    definitions.set(vertex.digest, made);
    return made;
  };
  const defineOnce = async (vertex: Vertex): Promise<string | undefined> => {
    if (vertex.op.kind === 'context') return 'context';
    const inputs: string[] = [];
    for (const input of vertex.inputs) {
      const key = await definitionOf(input);
      if (key === undefined) return undefined;
      inputs.push(key);
    }
    const reads = vertex.op.kind === 'copy' && vertex.inputs[1]?.op.kind === 'context';
    const sources = reads ? await sourcesOf(vertex, undefined) : [];
    return definitionKey(instructionKey(vertex.op, needs.sourceDateEpoch), inputs, sources);
  };

  const explain = async (
    vertex: Vertex,
    base: Solved,
    definition: string,
    parent: string,
    place: string,
    first: Vertex | undefined,
  ): Promise<CacheReason> => {
    const reads = vertex.inputs[1]?.op.kind;
    const sources = reads === 'context' ? await sourcesOf(vertex, undefined).catch(() => []) : [];
    const base_ = first?.op.kind === 'image' ? { baseImage: first.op.reference } : {};
    return explainMiss({
      noCache: needs.noCache,
      didParentRun: base.didRun,
      ...base_,
      definition,
      parent,
      sources,
      siblings: needs.cache.siblings(definition, parent),
      last: needs.cache.lastAt(place),
    });
  };

  interface Why {
    instruction: string;
    parent: string;
    place: string;
    reason: CacheReason;
  }

  /** Equal steps of builds that overlap run once; a build that was cancelled does not fail the others. */
  const runShared = async (
    vertex: Vertex,
    base: Solved,
    other: Solved | undefined,
    why: Why,
    watch: StepWatcher,
  ): Promise<Solved> => {
    const flight = hashOf(why.instruction, why.parent, await definitionOf(vertex).then((key) => key ?? vertex.digest));
    if (needs.noCache || vertex.inputs[1]?.op.kind === 'context') return runOnce(vertex, base, other, why, watch);
    for (;;) {
      const running = needs.flights.get(flight);
      if (running === undefined) break;
      try {
        return shared(await running);
      } catch (error) {
        if (!isCancelled(error)) throw error;
      }
    }
    const started = runOnce(vertex, base, other, why, watch).finally(() => needs.flights.delete(flight));
    needs.flights.set(flight, started);
    return started;
  };

  const runOnce = async (
    vertex: Vertex,
    base: Solved,
    other: Solved | undefined,
    why: Why,
    watch: StepWatcher,
  ): Promise<Solved> => {
    await watch.running(why.reason);
    const made = await needs.run(vertex, topOf(base), other, watch);
    const sources = await sourcesOf(vertex, other);
    const definition = await definitionOf(vertex);
    const nowMs = needs.now();
    const record: CacheRecord = {
      key: stepKey(why.instruction, why.parent, sources),
      kind: 'layer',
      parent: why.parent,
      definition: why.instruction,
      label: vertex.name,
      sources: sources.map(([path, hash]) => [path, hash]),
      definitions: definition === undefined ? [] : [definition],
      place: why.place,
      created: timestamp(nowMs),
      lastUsedMs: nowMs,
      uses: 0,
    };
    if (made.key !== undefined && made.diffId !== undefined) {
      const chain = chainId([...base.layers.map((layer) => layer.diffId), made.diffId]) ?? made.diffId;
      const snapshot = chain as string as SnapshotKey;
      record.layer = { diffId: made.diffId, snapshot, sizeBytes: made.sizeBytes ?? 0 };
      await needs.cache.persist(record);
      await needs.snapshots.commit(snapshot, made.key);
    } else {
      await needs.cache.persist(record);
    }
    needs.cache.remember(record);
    return { ...fromRecord(record, base), cache: why.reason, didRun: true };
  };

  return {
    solve,
    async peek(vertex) {
      if (needs.noCache) return undefined;
      if (vertex.op.kind === 'scratch') return given([]);
      if (vertex.op.kind === 'image') return given(vertex.op.layers);
      const [first] = vertex.inputs;
      const base = first === undefined ? undefined : await this.peek(first);
      const definition = await definitionOf(vertex);
      if (base === undefined || definition === undefined) return undefined;
      const record = await needs.cache.findByDefinition(definition);
      return record === undefined || record.parent !== (topOf(base) ?? '') ? undefined : fromRecord(record, base);
    },
    async isKnown(vertex) {
      if (needs.noCache) return false;
      const definition = await definitionOf(vertex);
      return definition !== undefined && (await needs.cache.findByDefinition(definition)) !== undefined;
    },
  };
}

const given = (layers: readonly ImageLayer[]): Solved => ({
  layers,
  created: '',
  cache: { hit: true, reason: 'it is there' },
  didRun: false,
});

const shared = (result: Solved): Solved => ({
  ...result,
  cache: result.didRun ? { hit: true, reason: 'the same step was built a moment ago' } : result.cache,
});

function fromRecord(record: CacheRecord, base: Solved): Solved {
  const { layer, created } = record;
  return {
    layers: layer === undefined ? base.layers : [...base.layers, layer],
    created,
    cache: { hit: true, reason: 'nothing it depends on changed' },
    didRun: false,
  };
}

/** RFC 3339 as Go writes it: no fraction when it is zero. */
export function timestamp(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

/** A name for what has no result: stable, and different from any image id. */
export const pseudoId = (...parts: string[]): string => digestOf(hashOf('unsolved', ...parts));

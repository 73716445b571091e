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
  /** Runs shared by all builds of the daemon. */
  flights: Map<string, Promise<Solved>>;
  /** Told of every layer that the build relies on, before it does. */
  hold(layers: readonly ImageLayer[]): void;
  noCache: boolean;
  sourceDateEpoch: number | undefined;
  now(): number;
  /** Content of what a COPY names in the build context, a stage (which is solved first) or an image. @throws when a source is missing */
  contentOf(copy: Vertex): Promise<ContentSource[]>;
  /** Does the work on a new snapshot over `parent`; `second` is the other layer of a merge. */
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

export const createSolver = (needs: SolverNeeds): Solver => new GraphSolver(needs);

/** A step about to be decided: its inputs are solved. */
interface Step {
  vertex: Vertex;
  base: Solved;
  second: Solved | undefined;
  /** Instruction key. */
  instruction: string;
  /** Top snapshot it stands on, '' for none. */
  parent: string;
  place: string;
}

class GraphSolver implements Solver {
  readonly #needs: SolverNeeds;
  readonly #solved = new Map<string, Promise<Solved>>();
  readonly #definitions = new Map<string, Promise<string | undefined>>();
  readonly #contents = new Map<string, Promise<ContentSource[]>>();

  constructor(needs: SolverNeeds) {
    this.#needs = needs;
  }

  solve(vertex: Vertex, place: string, watch: StepWatcher): Promise<Solved> {
    const known = this.#solved.get(vertex.digest);
    if (known !== undefined) return known.then(shared);
    const started = this.#solveOnce(vertex, place, watch);
    this.#solved.set(vertex.digest, started);
    return started;
  }

  async peek(vertex: Vertex): Promise<Solved | undefined> {
    if (this.#needs.noCache) return undefined;
    const source = given(vertex);
    if (source !== undefined) return source;
    const [first] = vertex.inputs;
    const base = first === undefined ? undefined : await this.peek(first);
    const record = await this.#findByDefinition(vertex);
    return base === undefined || record?.parent !== topOf(base) ? undefined : fromRecord(record, base);
  }

  async isKnown(vertex: Vertex): Promise<boolean> {
    return !this.#needs.noCache && (await this.#findByDefinition(vertex)) !== undefined;
  }

  async #solveOnce(vertex: Vertex, place: string, watch: StepWatcher): Promise<Solved> {
    const source = given(vertex);
    if (source !== undefined) {
      this.#needs.hold(source.layers);
      return source;
    }
    const [first, other] = vertex.inputs;
    const base = first === undefined ? NOTHING : await this.solve(first, '', SILENT);
    const isMerge = vertex.op.kind === 'merge' && other !== undefined;
    const second = isMerge ? await this.solve(other, place, watch) : undefined;
    const instruction = instructionKey(vertex.op, this.#needs.sourceDateEpoch);
    const step: Step = { vertex, base, second, instruction, parent: topOf(base), place };
    const record = this.#needs.noCache ? undefined : await this.#lookUp(step);
    if (record === undefined) return this.#runShared(step, watch);
    this.#needs.cache.touch(record, place, this.#needs.now(), await this.#definitionOf(vertex));
    const cached = fromRecord(record, base);
    this.#needs.hold(cached.layers);
    return cached;
  }

  /** By definition first: that costs nothing. The content of another stage is read only if some record could match it. */
  async #lookUp(step: Step): Promise<CacheRecord | undefined> {
    const { vertex, instruction, parent } = step;
    const byDefinition = await this.#findByDefinition(vertex);
    if (byDefinition?.parent === parent) return byDefinition;
    if (readsTree(vertex) && !readsContext(vertex) && !this.#needs.cache.canHit(instruction, parent)) return undefined;
    return this.#needs.cache.find(stepKey(instruction, parent, await this.#sourcesOf(step)));
  }

  async #findByDefinition(vertex: Vertex): Promise<CacheRecord | undefined> {
    const definition = await this.#definitionOf(vertex);
    return definition === undefined ? undefined : this.#needs.cache.findByDefinition(definition);
  }

  /** Undefined when the context lacks what a COPY names: the step itself will say so. */
  #definitionOf(vertex: Vertex): Promise<string | undefined> {
    const known = this.#definitions.get(vertex.digest);
    if (known !== undefined) return known;
    const made = this.#defineOnce(vertex).catch(() => undefined);
    this.#definitions.set(vertex.digest, made);
    return made;
  }

  async #defineOnce(vertex: Vertex): Promise<string | undefined> {
    const inputs: string[] = [];
    for (const input of vertex.inputs) {
      const key = await this.#definitionOf(input);
      if (key === undefined) return undefined;
      inputs.push(key);
    }
    const sources = readsContext(vertex) ? await this.#contentOf(vertex) : [];
    return definitionKey(instructionKey(vertex.op, this.#needs.sourceDateEpoch), inputs, sources);
  }

  /** What a step depends on besides its parent: files for a copy, the other layer for a merge. */
  async #sourcesOf({ vertex, second }: Pick<Step, 'vertex' | 'second'>): Promise<ContentSource[]> {
    if (second !== undefined) return [['layer', topOf(second)]];
    return readsTree(vertex) ? this.#contentOf(vertex) : [];
  }

  #contentOf(vertex: Vertex): Promise<ContentSource[]> {
    const known = this.#contents.get(vertex.digest);
    if (known !== undefined) return known;
    const hashed = this.#needs.contentOf(vertex);
    this.#contents.set(vertex.digest, hashed);
    return hashed;
  }

  /** Equal steps of builds that overlap run once; a build that was cancelled does not fail the others. */
  async #runShared(step: Step, watch: StepWatcher): Promise<Solved> {
    const reason = await this.#explain(step);
    const { flights, noCache } = this.#needs;
    // Files of a context are this build's own until their hash is known to be the other's.
    if (noCache || readsContext(step.vertex)) return this.#run(step, reason, watch);
    const flight = hashOf(step.instruction, step.parent, (await this.#definitionOf(step.vertex)) ?? step.vertex.digest);
    for (let running = flights.get(flight); running !== undefined; running = flights.get(flight)) {
      try {
        return shared(await running);
      } catch (error) {
        if (!isCancelled(error)) throw error;
      }
    }
    const started = this.#run(step, reason, watch).finally(() => flights.delete(flight));
    flights.set(flight, started);
    return started;
  }

  async #explain({ vertex, base, instruction, parent, place }: Step): Promise<CacheReason> {
    const { cache, noCache } = this.#needs;
    const first = vertex.inputs[0]?.op;
    const sources = readsContext(vertex) ? await this.#contentOf(vertex).catch(() => []) : [];
    return explainMiss({
      noCache,
      didParentRun: base.didRun,
      ...(first?.kind === 'image' ? { baseImage: first.reference } : {}),
      definition: instruction,
      parent,
      sources,
      siblings: cache.siblings(instruction, parent),
      last: cache.lastAt(place),
    });
  }

  async #run(step: Step, reason: CacheReason, watch: StepWatcher): Promise<Solved> {
    const { vertex, base, second } = step;
    await watch.running(reason);
    const made = await this.#needs.run(vertex, base.layers.at(-1)?.snapshot, second, watch);
    const record = await this.#recordOf(step, made, base);
    const { cache, snapshots } = this.#needs;
    // Before the commit: a crash between leaves a record without snapshot, which counts for nothing, and no orphan.
    await cache.persist(record);
    if (record.layer !== undefined && made.key !== undefined) await snapshots.commit(record.layer.snapshot, made.key);
    cache.remember(record);
    const solved = { ...fromRecord(record, base), cache: reason, didRun: true };
    this.#needs.hold(solved.layers);
    return solved;
  }

  async #recordOf(step: Step, { diffId, sizeBytes = 0 }: Made, base: Solved): Promise<CacheRecord> {
    const { vertex, instruction, parent, place } = step;
    const sources = await this.#sourcesOf(step);
    const definition = await this.#definitionOf(vertex);
    const nowMs = this.#needs.now();
    const snapshot = diffId && (chainId([...base.layers.map((layer) => layer.diffId), diffId]) ?? diffId);
    return {
      key: stepKey(instruction, parent, sources),
      kind: 'layer',
      parent,
      definition: instruction,
      label: vertex.name,
      sources: sources.map(([path, hash]) => [path, hash]),
      definitions: definition === undefined ? [] : [definition],
      place,
      ...(snapshot && diffId ? { layer: { diffId, snapshot: snapshot as string as SnapshotKey, sizeBytes } } : {}),
      created: timestamp(nowMs),
      lastUsedMs: nowMs,
      uses: 0,
    };
  }
}

const NOTHING: Solved = { layers: [], created: '', cache: { hit: true, reason: 'it is there' }, didRun: false };
const SILENT: StepWatcher = { containerId: '', running: async () => {}, output: () => {} };

/** What is there without work: images, and nothing at all. */
function given({ op }: Vertex): Solved | undefined {
  if (op.kind === 'image') return { ...NOTHING, layers: op.layers };
  return op.kind === 'scratch' || op.kind === 'context' ? NOTHING : undefined;
}

const readsTree = ({ op }: Vertex): boolean => op.kind === 'copy';
const readsContext = (vertex: Vertex): boolean => readsTree(vertex) && vertex.inputs[1]?.op.kind === 'context';

const topOf = (solved: Solved): string => solved.layers.at(-1)?.snapshot ?? '';

const isCancelled = (error: unknown): boolean =>
  isEngineError(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');

const shared = (result: Solved): Solved =>
  result.didRun ? { ...result, cache: { hit: true, reason: 'the same step was built a moment ago' } } : result;

function fromRecord({ layer, created }: CacheRecord, base: Solved): Solved {
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

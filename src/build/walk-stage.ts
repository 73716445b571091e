import { digestOf, isDigest, type Platform } from '../oci/index.ts';
import type { StepCache } from './cache/cache.ts';
import { explainMiss } from './cache/explain.ts';
import type { BuildEvent, CacheReason } from './contract.ts';
import { configBytes, historyEntry, type ImageState } from './export/image-config.ts';
import { hashOf } from './graph/vertex.ts';
import type { LoweredStage, LoweredStep } from './lower/lowered.ts';
import { configKey } from './solver/keys.ts';
import { pseudoId, type Solved, type Solver, timestamp } from './solver/solver.ts';
import { withAdvice } from './suggest.ts';

/** A stage at its end: its image, and the id of that image's config. */
export interface StageEnd {
  state: ImageState;
  id: string;
}

export interface WalkNeeds {
  solver: Solver;
  cache: StepCache;
  emit(event: BuildEvent): void | Promise<void>;
  now(): number;
  newId(): string;
  platform: Platform;
  noCache: boolean;
  sourceDateEpoch: number | undefined;
  /** Names a step of a Dockerfile across builds. */
  placeOf(stage: LoweredStage, step: number): string;
  /** The number of a step in the plan. */
  numberOf(step: LoweredStep): number;
  /** The walk of the stage that another one is built FROM. */
  endOf(stage: LoweredStage): Promise<StageEnd>;
}

/** What is known about where a step stands. */
interface Place {
  number: number;
  place: string;
}

const NOT_NEEDED: CacheReason = { hit: true, reason: 'what is copied from this stage is cached' };
const UNCHANGED: CacheReason = { hit: true, reason: 'nothing it depends on changed' };

/**
 * Goes through a stage's steps in order: has each solved, keeps the image as it stands after each, says what happens.
 * With `isNeeded` false nothing runs: what the cache knows is shown, since nobody reads this stage's files.
 */
export async function walkStage(stage: LoweredStage, isNeeded: boolean, needs: WalkNeeds): Promise<StageEnd> {
  const walk = new StageWalk(stage, isNeeded, needs);
  for (const [index, step] of stage.steps.entries()) await walk.step(step, index);
  return walk.end();
}

class StageWalk {
  readonly #stage: LoweredStage;
  readonly #isNeeded: boolean;
  readonly #needs: WalkNeeds;
  #state: ImageState;
  #id = '';
  /** Something of this stage has no known result (only when it is not needed): ids are made up from here on. */
  #isUnknown = false;
  #didRun = false;
  #last = 0;

  constructor(stage: LoweredStage, isNeeded: boolean, needs: WalkNeeds) {
    this.#stage = stage;
    this.#isNeeded = isNeeded;
    this.#needs = needs;
    const draft = { config: {}, isCmdSet: false };
    this.#state = { platform: needs.platform, draft, layers: [], history: [], created: '' };
  }

  async step(step: LoweredStep, index: number): Promise<void> {
    const { emit, now, numberOf, placeOf } = this.#needs;
    const number = numberOf(step);
    const startedMs = now();
    this.#last = number;
    await emit({ type: 'step-started', step: number });
    if (step.kind === 'from') await this.#from(step, number);
    else await this.#instruction(step, { number, place: placeOf(this.#stage, index) });
    await emit({ type: 'step-done', step: number, id: this.#id, durationMs: now() - startedMs });
  }

  async end(): Promise<StageEnd> {
    const imageId = isDigest(this.#id) ? this.#id : '';
    await this.#needs.emit({ type: 'stage-built', step: this.#last, imageId });
    return { state: this.#state, id: this.#id };
  }

  async #from(step: LoweredStep, number: number): Promise<void> {
    await this.#begin(step);
    for (const message of step.notes) await this.#needs.emit({ type: 'step-note', step: number, message });
    for (const [index, trigger] of step.triggers.entries()) {
      await this.#instruction(trigger, { number, place: this.#needs.placeOf(this.#stage, -1 - index) });
    }
  }

  /** The image as FROM gives it. */
  async #begin({ draft }: LoweredStep): Promise<void> {
    const { base } = this.#stage;
    if (base.kind === 'scratch') {
      this.#state = { ...this.#state, draft };
    } else if (base.kind === 'stage') {
      const { state, id } = await this.#needs.endOf(base.stage);
      this.#state = { ...state, draft };
      this.#id = id;
    } else {
      const { architecture, os, variant, history = [], created = '' } = base.image.config;
      const platform = { architecture, os, ...(variant === undefined ? {} : { variant }) };
      this.#state = { platform, draft, layers: base.image.layers, history, created };
      this.#id = base.image.id;
    }
  }

  async #instruction(step: LoweredStep, at: Place): Promise<void> {
    const { emit } = this.#needs;
    const started: { containerId?: string } = {};
    try {
      for (const message of step.notes) await emit({ type: 'step-note', step: at.number, message });
      if (step.vertex === undefined) await this.#configure(step, at);
      else await this.#solve(step, step.vertex, at, started);
    } catch (error) {
      const { containerId = '' } = started;
      if (containerId !== '') await emit({ type: 'step-removed', step: at.number, containerId, didFail: true });
      throw withAdvice(error, step.range, at.number);
    }
  }

  /** A step that works on files. `started` learns the id when it runs. */
  async #solve(
    step: LoweredStep,
    vertex: NonNullable<LoweredStep['vertex']>,
    { number, place }: Place,
    started: { containerId?: string },
  ): Promise<void> {
    const { emit, newId, solver } = this.#needs;
    const containerId = step.isCopy ? '' : newId();
    const watch = {
      containerId,
      running: async (cache: CacheReason) => {
        started.containerId = containerId;
        await emit({ type: 'step-running', step: number, containerId, cache });
      },
      output: (stream: 'stdout' | 'stderr', data: Buffer) => emit({ type: 'step-output', step: number, stream, data }),
    };
    const solved = this.#isNeeded ? await solver.solve(vertex, place, watch) : await solver.peek(vertex);
    this.#isUnknown ||= solved === undefined;
    this.#advance(step, solved?.created ?? '', solved);
    if (started.containerId === undefined) {
      await emit({ type: 'step-cached', step: number, id: this.#id, cache: solved?.cache ?? NOT_NEEDED });
      return;
    }
    this.#didRun = true;
    if (containerId !== '') await emit({ type: 'step-removed', step: number, containerId, didFail: false });
  }

  /** An instruction that changes the configuration only; its record keeps the time, so that ids stay the same. */
  async #configure(step: LoweredStep, at: Place): Promise<void> {
    const { cache, emit, newId, noCache, now } = this.#needs;
    const text = step.createdBy ?? step.original;
    const parent = this.#id;
    const record = noCache || this.#isUnknown ? undefined : await cache.find(configKey(parent, text));
    if (record !== undefined || !this.#isNeeded) {
      this.#isUnknown ||= record === undefined;
      if (record !== undefined) cache.touch(record, at.place, now());
      this.#advance(step, record?.created ?? '', undefined);
      const reason = record === undefined ? NOT_NEEDED : UNCHANGED;
      await emit({ type: 'step-cached', step: at.number, id: this.#id, cache: reason });
      return;
    }
    const containerId = newId();
    const reason = this.#explain(hashOf('config', text), parent, at.place);
    await emit({ type: 'step-running', step: at.number, containerId, cache: reason });
    const created = this.#record(step, text, parent, at.place);
    this.#didRun = true;
    this.#advance(step, created, undefined);
    await emit({ type: 'step-removed', step: at.number, containerId, didFail: false });
  }

  #explain(definition: string, parent: string, place: string): CacheReason {
    const { base } = this.#stage;
    const isOnBase = base.kind === 'image' && parent === base.image.id;
    return explainMiss({
      noCache: this.#needs.noCache,
      didParentRun: this.#didRun,
      ...(isOnBase ? { baseImage: base.reference } : {}),
      definition,
      parent,
      sources: [],
      siblings: [],
      last: this.#needs.cache.lastAt(place),
    });
  }

  /** Keeps that this instruction was applied to `parent`, and when. */
  #record(step: LoweredStep, text: string, parent: string, place: string): string {
    const nowMs = this.#needs.now();
    const created = timestamp(nowMs);
    this.#needs.cache.remember({
      key: configKey(parent, text),
      kind: 'config',
      parent,
      definition: hashOf('config', text),
      label: step.original,
      sources: [],
      definitions: [],
      place,
      created,
      lastUsedMs: nowMs,
      uses: 0,
    });
    return created;
  }

  /** The image after the step: its config, a line of history, and the layer if there is one. */
  #advance({ createdBy, draft, original }: LoweredStep, created: string, solved: Solved | undefined): void {
    const { sourceDateEpoch } = this.#needs;
    const layers = solved?.layers ?? this.#state.layers;
    const at = sourceDateEpoch === undefined ? created : timestamp(sourceDateEpoch * 1000);
    const isEmpty = layers.length === this.#state.layers.length;
    const line = createdBy === undefined ? [] : [historyEntry(at, createdBy, isEmpty)];
    this.#state = { ...this.#state, draft, layers, history: [...this.#state.history, ...line], created: at };
    this.#id = this.#isUnknown ? pseudoId(this.#id, original) : digestOf(configBytes(this.#state));
  }
}

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

/**
 * Goes through a stage's steps in order: has each solved, keeps the image as it stands after each, says what happens.
 * With `isNeeded` false nothing runs: what the cache knows is shown, since nobody reads this stage's files.
 */
export async function walkStage(stage: LoweredStage, isNeeded: boolean, needs: WalkNeeds): Promise<StageEnd> {
  const walk = createWalk(stage, isNeeded, needs);
  for (const step of stage.steps) await walk.step(step);
  return walk.end();
}

interface Walk {
  step(step: LoweredStep): Promise<void>;
  end(): Promise<StageEnd>;
}

function createWalk(stage: LoweredStage, isNeeded: boolean, needs: WalkNeeds): Walk {
  const { emit } = needs;
  let state: ImageState = {
    platform: needs.platform,
    draft: { config: {}, isCmdSet: false },
    layers: [],
    history: [],
    created: '',
  };
  let id = '';
  /** Something of this stage has no known result (only when it is not needed): ids are made up from here on. */
  let isUnknown = false;
  let didRun = false;
  /** Of the steps that have started to run. */
  const containers = new Map<LoweredStep, string>();
  let last = 0;

  const start = async (step: LoweredStep): Promise<void> => {
    const { base } = stage;
    if (base.kind === 'image') {
      const { config, layers } = base.image;
      const { architecture, os, variant } = config;
      state = {
        platform: { architecture, os, ...(variant === undefined ? {} : { variant }) },
        draft: step.draft,
        layers,
        history: config.history ?? [],
        created: config.created ?? '',
      };
      id = base.image.id;
    } else if (base.kind === 'stage') {
      const before = await needs.endOf(base.stage);
      state = { ...before.state, draft: step.draft };
      id = before.id;
    } else {
      state = { ...state, draft: step.draft };
    }
  };

  const from = async (step: LoweredStep, number: number): Promise<void> => {
    await start(step);
    for (const note of step.notes) await emit({ type: 'step-note', step: number, message: note });
    for (const [index, trigger] of step.triggers.entries()) {
      await runInstruction(trigger, number, needs.placeOf(stage, -1 - index));
    }
  };

  const advance = (step: LoweredStep, created: string, solved: Solved | undefined): void => {
    const layers = solved?.layers ?? state.layers;
    const at = needs.sourceDateEpoch === undefined ? created : timestamp(needs.sourceDateEpoch * 1000);
    const { createdBy } = step;
    const isEmpty = layers.length === state.layers.length;
    const entry = createdBy === undefined ? [] : [historyEntry(at, createdBy, isEmpty)];
    state = { ...state, draft: step.draft, layers, history: [...state.history, ...entry], created: at };
    id = isUnknown ? pseudoId(id, step.original) : digestOf(configBytes(state));
  };

  const runInstruction = async (step: LoweredStep, number: number, place: string): Promise<void> => {
    try {
      await act(step, number, place);
    } catch (error) {
      const containerId = containers.get(step) ?? '';
      if (containerId !== '') await emit({ type: 'step-removed', step: number, containerId, didFail: true });
      throw withAdvice(error, step.range, number);
    }
  };

  const act = async (step: LoweredStep, number: number, place: string): Promise<void> => {
    for (const note of step.notes) await emit({ type: 'step-note', step: number, message: note });
    if (step.vertex === undefined) return configure(step, number, place);
    const containerId = step.isCopy ? '' : needs.newId();
    const running = async (cache: CacheReason): Promise<void> => {
      containers.set(step, containerId);
      await emit({ type: 'step-running', step: number, containerId, cache });
    };
    const solved = isNeeded
      ? await needs.solver.solve(step.vertex, place, {
          containerId,
          running,
          output: (stream, data) => emit({ type: 'step-output', step: number, stream, data }),
        })
      : await needs.solver.peek(step.vertex);
    isUnknown ||= solved === undefined;
    const before = id;
    advance(step, solved?.created ?? '', solved);
    if (solved?.didRun && containers.has(step)) {
      didRun = true;
      if (containerId !== '') await emit({ type: 'step-removed', step: number, containerId, didFail: false });
      return;
    }
    const cache = solved?.cache ?? { hit: true, reason: 'what is copied from this stage is cached' };
    if (id !== before) await emit({ type: 'step-cached', step: number, id, cache });
  };

  /** An instruction that changes the configuration only; its record keeps the time, so that ids stay the same. */
  const configure = async (step: LoweredStep, number: number, place: string): Promise<void> => {
    const createdBy = step.createdBy ?? step.original;
    const previous = id;
    const key = configKey(previous, createdBy);
    const definition = hashOf('config', createdBy);
    const record = needs.noCache || isUnknown ? undefined : await needs.cache.find(key);
    if (record !== undefined || !isNeeded) {
      isUnknown ||= record === undefined;
      if (record !== undefined) needs.cache.touch(record, place, needs.now());
      advance(step, record?.created ?? '', undefined);
      const reason =
        record === undefined ? 'what is copied from this stage is cached' : 'nothing it depends on changed';
      await emit({ type: 'step-cached', step: number, id, cache: { hit: true, reason } });
      return;
    }
    const cache = explainMiss({
      noCache: needs.noCache,
      didParentRun: didRun,
      ...(stage.base.kind === 'image' && previous === stage.base.image.id ? { baseImage: stage.base.reference } : {}),
      definition,
      parent: previous,
      sources: [],
      siblings: [],
      last: needs.cache.lastAt(place),
    });
    const containerId = needs.newId();
    await emit({ type: 'step-running', step: number, containerId, cache });
    const nowMs = needs.now();
    const created = timestamp(nowMs);
    needs.cache.remember({
      key,
      kind: 'config',
      parent: previous,
      definition,
      label: step.original,
      sources: [],
      definitions: [],
      place,
      created,
      lastUsedMs: nowMs,
      uses: 0,
    });
    didRun = true;
    advance(step, created, undefined);
    await emit({ type: 'step-removed', step: number, containerId, didFail: false });
  };

  return {
    async step(step) {
      const number = needs.numberOf(step);
      last = number;
      const startedMs = needs.now();
      await emit({ type: 'step-started', step: number });
      if (step.kind === 'from') await from(step, number);
      else await runInstruction(step, number, needs.placeOf(stage, stage.steps.indexOf(step)));
      await emit({ type: 'step-done', step: number, id, durationMs: needs.now() - startedMs });
    },
    async end() {
      await emit({ type: 'stage-built', step: last, imageId: isDigest(id) ? id : '' });
      return { state, id };
    },
  };
}

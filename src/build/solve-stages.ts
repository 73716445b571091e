import { cancelled, isEngineError, systemError } from '../errors/index.ts';
import type { StepCache } from './cache/cache.ts';
import type { BuildEvent } from './contract.ts';
import { definitionOf, type Vertex } from './graph/vertex.ts';
import type { LoweredBuild, LoweredStage } from './lower/lowered.ts';
import type { BuilderNeeds } from './needs.ts';
import { hashCopy, runOp } from './ops/run-op.ts';
import { announcePlan } from './plan-steps.ts';
import type { BuildSession } from './session.ts';
import type { ContentSource } from './solver/keys.ts';
import { createSolver, type Solved } from './solver/solver.ts';
import { type StageEnd, type WalkNeeds, walkStage } from './walk-stage.ts';

export interface StagesNeeds extends BuilderNeeds {
  emit(event: BuildEvent): void | Promise<void>;
  cache: StepCache;
  flights: Map<string, Promise<Solved>>;
  session: BuildSession;
  /** Stops everything of this build. */
  stop: AbortController;
}

/**
 * Runs the stages that are needed, side by side, and gives the target's end. The first failure stops all of them, and
 * nothing returns before all have stopped.
 */
export async function solveStages(lowered: LoweredBuild, needs: StagesNeeds): Promise<StageEnd> {
  const { session, cache, emit, stop } = needs;
  const numbers = await announcePlan(lowered, emit);
  const walks = new Map<LoweredStage, Promise<StageEnd>>();
  const { noCache, tags, dockerfile } = session.request;

  const openTree = async ({ op, digest }: Vertex): Promise<string> => {
    if (op.kind === 'context') return session.context?.root() ?? '';
    if (op.kind === 'scratch') return session.openTree(undefined);
    if (op.kind === 'image') return session.openTree(op.layers.at(-1)?.snapshot);
    const stage = lowered.stages.find(({ result }) => result.digest === digest);
    if (stage === undefined) throw systemError('no-such-tree', 'a tree that belongs to no stage');
    return session.openTree((await start(stage)).state.layers.at(-1)?.snapshot);
  };
  const contentOf = async (copy: Vertex): Promise<ContentSource[]> => {
    const [, tree] = copy.inputs;
    if (tree === undefined) return [];
    const hash = async (): Promise<ContentSource[]> => hashCopy(copy, await openTree(tree), needs.layers);
    const known = tree.op.kind === 'context' ? session.context?.hashes : undefined;
    if (known === undefined) return hash();
    const key = definitionOf(copy.op);
    const hashed = known.get(key) ?? hash();
    known.set(key, hashed);
    // A failure (a client that went away, too) is this build's alone.
    hashed.catch(() => known.delete(key));
    return hashed;
  };
  const solver = createSolver({
    cache,
    snapshots: needs.snapshots,
    flights: needs.flights,
    hold: (layers) => {
      for (const { snapshot } of layers) session.held.add(snapshot);
    },
    noCache,
    sourceDateEpoch: lowered.sourceDateEpoch,
    now: needs.now,
    contentOf,
    run: (vertex, parent, second, watch) => runOp(vertex, parent, second, session, watch, { ...needs, openTree }),
  });
  const walkNeeds: WalkNeeds = {
    solver,
    cache,
    emit,
    now: needs.now,
    newId: needs.newId,
    platform: needs.platform,
    noCache,
    sourceDateEpoch: lowered.sourceDateEpoch,
    placeOf: (stage, step) => [tags[0] ?? '', dockerfile, stage.name, step].join(' '),
    numberOf: (step) => numbers.get(step) ?? 0,
    endOf: (stage) => start(stage),
  };
  const start = (stage: LoweredStage): Promise<StageEnd> => {
    const running = walks.get(stage);
    if (running !== undefined) return running;
    const walk = walkStage(stage, true, walkNeeds);
    walks.set(stage, walk);
    walk.catch((cause) => stop.abort(cancelled('build-cancelled', 'another stage failed', { cause })));
    return walk;
  };

  const isKnown = (vertex: Vertex): Promise<boolean> => solver.isKnown(vertex);
  const needed = startNeeded(lowered, start, isKnown);
  const failures = await settled(needed, walks);
  if (failures.length > 0) throw firstCause(failures);
  await showUnneeded(lowered, walks, walkNeeds);
  return start(lowered.target);
}

/** Starts at once every stage that will be needed, so that they run side by side. A cached copy does not need its stage. */
async function startNeeded(
  lowered: LoweredBuild,
  start: (stage: LoweredStage) => Promise<StageEnd>,
  isKnown: (vertex: Vertex) => Promise<boolean>,
): Promise<void> {
  const byDigest = new Map(lowered.stages.toReversed().map((stage) => [stage.result.digest, stage]));
  const seen = new Set<LoweredStage>();
  const visit = async (stage: LoweredStage): Promise<void> => {
    if (seen.has(stage)) return;
    seen.add(stage);
    start(stage).catch(() => {});
    const base = stage.base.kind === 'stage' ? [visit(stage.base.stage)] : [];
    const steps = stage.steps.flatMap((step) => [step, ...step.triggers]);
    const copies = steps.map(async ({ vertex }) => {
      const other = vertex === undefined ? undefined : byDigest.get(copySource(vertex)?.digest ?? '');
      if (vertex !== undefined && other !== undefined && !(await isKnown(vertex))) await visit(other);
    });
    await Promise.all([...base, ...copies]);
  };
  await visit(lowered.target);
}

function copySource(vertex: Vertex): Vertex | undefined {
  const copy = vertex.op.kind === 'merge' ? vertex.inputs[1] : vertex;
  return copy?.op.kind === 'copy' ? copy.inputs[1] : undefined;
}

/** Waits until every stage has ended, also those that another one started late; gives what went wrong. */
async function settled(needed: Promise<void>, walks: ReadonlyMap<unknown, Promise<unknown>>): Promise<unknown[]> {
  const failures: unknown[] = [];
  await needed.catch((error) => failures.push(error));
  for (let count = -1; count !== walks.size; ) {
    count = walks.size;
    await Promise.allSettled(walks.values());
  }
  for (const walk of walks.values()) await walk.catch((error) => failures.push(error));
  return failures;
}

/** What went wrong first; what was stopped because of it says nothing new. */
function firstCause(failures: readonly unknown[]): unknown {
  const isStop = (error: unknown): boolean =>
    isEngineError(error, 'cancelled') || (error instanceof Error && error.name === 'AbortError');
  return failures.find((error) => !isStop(error)) ?? failures[0];
}

/** Stages that only cached copies read have lines too. */
async function showUnneeded(
  lowered: LoweredBuild,
  walks: ReadonlyMap<LoweredStage, Promise<StageEnd>>,
  needs: WalkNeeds,
): Promise<void> {
  const ends = new Map<LoweredStage, Promise<StageEnd>>(walks);
  const endOf = async (stage: LoweredStage): Promise<StageEnd> =>
    ends.get(stage) ?? walkStage(stage, false, { ...needs, emit: () => {}, endOf });
  for (const stage of lowered.stages) {
    if (!walks.has(stage)) ends.set(stage, Promise.resolve(await walkStage(stage, false, { ...needs, endOf })));
  }
}

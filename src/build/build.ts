import { cancelled, invalidParameter, isEngineError, notImplemented } from '../errors/index.ts';
import { type Digest, digestOf, familiarName, formatFamiliar, parseReference, withDefaultTag } from '../oci/index.ts';
import type { StepCache } from './cache/cache.ts';
import { openContext } from './context.ts';
import type { BuildEvent, BuildRequest, PlannedStep } from './contract.ts';
import { interpret, parse } from './dockerfile/index.ts';
import { configBytes } from './export/image-config.ts';
import type { CopyOp, Vertex } from './graph/vertex.ts';
import { lower } from './lower/lower.ts';
import type { LoweredBuild, LoweredStage, LoweredStep } from './lower/lowered.ts';
import type { BuilderNeeds } from './needs.ts';
import { runOp } from './ops/run-op.ts';
import { hashSources, resolveSources } from './ops/sources.ts';
import { type BuildSession, openSession } from './session.ts';
import { createSolver, type Solved } from './solver/solver.ts';
import { type StageEnd, type WalkNeeds, walkStage } from './walk-stage.ts';

type Emit = (event: BuildEvent) => void | Promise<void>;

/** One build from request to tags: context → Dockerfile → graph → stages → image. */
export async function build(
  request: BuildRequest,
  emit: Emit,
  signal: AbortSignal,
  needs: BuilderNeeds,
  cache: StepCache,
  flights: Map<string, Promise<Solved>>,
): Promise<Digest> {
  const tags = request.tags.map((tag) => withDefaultTag(parseReference(tag)));
  refuseWhatIsMissing(request);
  const stop = new AbortController();
  const session = await openSession(needs, request, AbortSignal.any([signal, stop.signal]));
  try {
    const root = await session.makeFolder('context');
    session.context = await openContext(root, request, needs.layers, session.signal);
    const program = interpret(parse(session.context.dockerfile));
    const { platform, images } = needs;
    const lowered = lower({ program, request, platform, findImage: (name) => images.find(name) });
    session.sourceDateEpoch = lowered.sourceDateEpoch;
    const end = await solveStages(lowered, request, emit, stop, session, needs, cache, flights);
    const imageId = await exportImage(end, lowered, needs);
    if (lowered.unusedArgs.length > 0) {
      const message = `One or more build-args [${lowered.unusedArgs.join(' ')}] were not consumed`;
      await emit({ type: 'warning', message });
    }
    await emit({ type: 'built', imageId });
    for (const tag of tags) {
      await images.tag(imageId, familiarName(tag), tag.tag ?? 'latest');
      await emit({ type: 'tagged', name: formatFamiliar(tag) });
    }
    return imageId;
  } catch (error) {
    if (signal.aborted && !isEngineError(error, 'cancelled')) {
      throw cancelled('build-cancelled', 'build cancelled', { cause: error });
    }
    throw error;
  } finally {
    await cache.flush();
    await session[Symbol.asyncDispose]();
  }
}

function refuseWhatIsMissing(request: BuildRequest): void {
  if (request.remote !== undefined && request.remote !== '') {
    throw notImplemented('build-remote', 'building from a remote context (remote=) is not supported yet');
  }
  if (request.squash) throw notImplemented('build-squash', '--squash is not supported');
}

/** Runs the stages side by side; the first failure stops all of them, and nothing returns before all have stopped. */
async function solveStages(
  lowered: LoweredBuild,
  request: BuildRequest,
  emit: Emit,
  stop: AbortController,
  session: BuildSession,
  needs: BuilderNeeds,
  cache: StepCache,
  flights: Map<string, Promise<Solved>>,
): Promise<StageEnd> {
  const numbers = await announce(lowered, emit);
  const walks = new Map<LoweredStage, Promise<StageEnd>>();
  const stageOf = new Map<string, LoweredStage>();
  for (const stage of lowered.stages) if (!stageOf.has(stage.result.digest)) stageOf.set(stage.result.digest, stage);

  const solver = createSolver({
    cache,
    snapshots: needs.snapshots,
    flights,
    noCache: request.noCache,
    sourceDateEpoch: lowered.sourceDateEpoch,
    now: needs.now,
    openTree: (vertex) => openTree(vertex),
    hashSources: async (vertex, root) => hashVertex(vertex, root, needs),
    run: (vertex, parent, second, watch) =>
      runOp(vertex, parent, second, session, watch, { ...needs, openTree: (input) => openTree(input) }),
  });
  const openTree = async (vertex: Vertex): Promise<string> => {
    if (vertex.op.kind === 'context') return session.context?.root ?? '';
    if (vertex.op.kind === 'scratch') return session.openTree(undefined);
    if (vertex.op.kind === 'image') return session.openTree(vertex.op.layers.at(-1)?.snapshot);
    const stage = stageOf.get(vertex.digest);
    if (stage === undefined) throw new Error('a tree that belongs to no stage');
    return session.openTree((await start(stage)).state.layers.at(-1)?.snapshot);
  };

  const walkNeeds: WalkNeeds = {
    solver,
    cache,
    emit,
    now: needs.now,
    newId: needs.newId,
    platform: needs.platform,
    noCache: request.noCache,
    sourceDateEpoch: lowered.sourceDateEpoch,
    placeOf: (stage, step) => [request.tags[0] ?? '', request.dockerfile, stage.name, step].join(' '),
    numberOf: (step) => numbers.get(step) ?? 0,
    endOf: (stage) => start(stage),
  };
  const start = (stage: LoweredStage): Promise<StageEnd> => {
    const running = walks.get(stage);
    if (running !== undefined) return running;
    const walk = walkStage(stage, true, walkNeeds).catch((error: unknown) => {
      stop.abort(cancelled('build-cancelled', 'another stage failed', { cause: error }));
      throw error;
    });
    walks.set(stage, walk);
    walk.catch(() => {});
    return walk;
  };

  const failures: unknown[] = [];
  const note = (error: unknown): undefined => void failures.push(error);
  await startNeeded(lowered, start, (vertex) => solver.isKnown(vertex)).catch(note);
  const end = await start(lowered.target).catch(note);
  for (;;) {
    const before = walks.size;
    await Promise.allSettled(walks.values());
    if (walks.size === before) break;
  }
  for (const walk of walks.values()) await walk.catch(note);
  if (end === undefined || failures.length > 0) throw firstCause(failures);
  for (const stage of lowered.stages) {
    if (!walks.has(stage)) await walkStage(stage, false, { ...walkNeeds, endOf: (base) => peekEnd(base) });
  }
  return end;

  async function peekEnd(stage: LoweredStage): Promise<StageEnd> {
    return walks.get(stage) ?? walkStage(stage, false, { ...walkNeeds, emit: () => {}, endOf: peekEnd });
  }
}

/** The plan: every step's number, and the lines of the ARGs before the first FROM. */
async function announce(lowered: LoweredBuild, emit: Emit): Promise<Map<LoweredStep, number>> {
  const numbers = new Map<LoweredStep, number>();
  const rows = [
    ...lowered.globalArgs.map((step) => ({ step, stage: '', endsStage: false })),
    ...lowered.stages.flatMap(({ steps, name }) =>
      steps.map((step, index) => ({ step, stage: name, endsStage: index === steps.length - 1 })),
    ),
  ];
  const steps = rows.map(({ step, stage, endsStage }, index): PlannedStep => {
    numbers.set(step, index + 1);
    return { step: index + 1, total: rows.length, stage, original: step.original, endsStage };
  });
  await emit({ type: 'plan', steps });
  for (const arg of lowered.globalArgs) {
    const step = numbers.get(arg) ?? 0;
    await emit({ type: 'step-started', step });
    await emit({ type: 'step-done', step, id: '', durationMs: 0 });
  }
  return numbers;
}

/** Starts at once every stage that will be needed, so that they run in parallel; a cached copy needs its stage not. */
async function startNeeded(
  lowered: LoweredBuild,
  start: (stage: LoweredStage) => Promise<StageEnd>,
  isKnown: (vertex: Vertex) => Promise<boolean>,
): Promise<void> {
  const byDigest = new Map(lowered.stages.map((stage) => [stage.result.digest, stage]));
  const seen = new Set<LoweredStage>();
  const visit = async (stage: LoweredStage): Promise<void> => {
    if (seen.has(stage)) return;
    seen.add(stage);
    void start(stage);
    const copies = stage.steps.flatMap(({ vertex, triggers }) => [
      vertex,
      ...triggers.map((trigger) => trigger.vertex),
    ]);
    const needed = copies.map(async (vertex) => {
      const source = vertex === undefined ? undefined : copySource(vertex);
      const other = source === undefined ? undefined : byDigest.get(source.digest);
      if (vertex !== undefined && other !== undefined && !(await isKnown(vertex))) await visit(other);
    });
    await Promise.all(needed);
  };
  await visit(lowered.target);
}

function copySource(vertex: Vertex): Vertex | undefined {
  const copy = vertex.op.kind === 'merge' ? vertex.inputs[1] : vertex;
  return copy?.op.kind === 'copy' ? copy.inputs[1] : undefined;
}

async function hashVertex(vertex: Vertex, root: string, needs: BuilderNeeds): ReturnType<typeof hashSources> {
  const op = vertex.op as CopyOp;
  const isContext = vertex.inputs[1]?.op.kind === 'context';
  return hashSources(op, await resolveSources(op, root, isContext, needs.layers), root, needs.layers);
}

/** What went wrong first; what was stopped because of it says nothing new. */
function firstCause(failures: readonly unknown[]): unknown {
  const own = failures.find((error) => !isEngineError(error, 'cancelled') && !isAbort(error));
  return own ?? failures[0] ?? new Error('the build gave no image');
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';

async function exportImage(end: StageEnd, lowered: LoweredBuild, needs: BuilderNeeds): Promise<Digest> {
  const { state, id } = end;
  const { target } = lowered;
  if (target.base.kind === 'image' && id === target.base.image.id) return target.base.image.id;
  if (id === '') {
    throw invalidParameter('no-image', 'No image was generated. Is your Dockerfile empty?', {
      detail: { range: target.steps[0]?.range },
    });
  }
  const bytes = configBytes(state);
  await needs.images.add({ configBytes: bytes, layers: [...state.layers] });
  return digestOf(bytes);
}

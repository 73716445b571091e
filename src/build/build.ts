import { cancelled, invalidParameter, isEngineError, notImplemented } from '../errors/index.ts';
import { type Digest, digestOf, familiarName, formatFamiliar, parseReference, withDefaultTag } from '../oci/index.ts';
import type { StepCache } from './cache/cache.ts';
import { type ContextMemory, openContext } from './context.ts';
import type { BuildEvent, BuildRequest } from './contract.ts';
import { interpret, parse } from './dockerfile/index.ts';
import { configBytes } from './export/image-config.ts';
import { lower } from './lower/lower.ts';
import type { LoweredBuild } from './lower/lowered.ts';
import type { BuilderNeeds } from './needs.ts';
import { type BuildSession, openSession } from './session.ts';
import { solveStages } from './solve-stages.ts';
import type { Solved } from './solver/solver.ts';
import type { StageEnd } from './walk-stage.ts';

export interface BuildNeeds extends BuilderNeeds {
  cache: StepCache;
  /** Steps that run now, of all builds. */
  flights: Map<string, Promise<Solved>>;
  contexts: ContextMemory;
  /** Builds that run now. */
  sessions: Set<BuildSession>;
}

type Emit = (event: BuildEvent) => void | Promise<void>;

/** One build from request to tags: context → Dockerfile → graph → stages → image. */
export async function build(
  request: BuildRequest,
  emit: Emit,
  signal: AbortSignal,
  needs: BuildNeeds,
): Promise<Digest> {
  refuseWhatIsMissing(request);
  const tags = request.tags.map((tag) => withDefaultTag(parseReference(tag)));
  const stop = new AbortController();
  const session = await openSession(needs, request, AbortSignal.any([signal, stop.signal]));
  needs.sessions.add(session);
  try {
    const lowered = await readBuild(session, needs);
    session.sourceDateEpoch = lowered.sourceDateEpoch;
    const end = await solveStages(lowered, { ...needs, emit, session, stop });
    const imageId = await exportImage(end, lowered, needs);
    if (lowered.unusedArgs.length > 0) {
      const message = `One or more build-args [${lowered.unusedArgs.join(' ')}] were not consumed`;
      await emit({ type: 'warning', message });
    }
    await emit({ type: 'built', imageId });
    for (const tag of tags) {
      await needs.images.tag(imageId, familiarName(tag), tag.tag ?? 'latest');
      await emit({ type: 'tagged', name: formatFamiliar(tag) });
    }
    return imageId;
  } catch (error) {
    if (!signal.aborted || isEngineError(error, 'cancelled')) throw error;
    throw cancelled('build-cancelled', 'build cancelled', { cause: error });
  } finally {
    // Uses of records, and records of configuration: nothing is lost but a hit when they do not reach the disk.
    needs.cache.flush().catch(() => {});
    needs.sessions.delete(session);
    await session[Symbol.asyncDispose]();
  }
}

function refuseWhatIsMissing(request: BuildRequest): void {
  if (request.remote !== undefined && request.remote !== '') {
    throw notImplemented('build-remote', 'building from a remote context (remote=) is not supported yet');
  }
  if (request.pull) {
    throw notImplemented('build-pull', '--pull is not supported yet: base images are taken from this machine');
  }
  if (request.squash) throw notImplemented('build-squash', '--squash is not supported');
}

async function readBuild(session: BuildSession, needs: BuildNeeds): Promise<LoweredBuild> {
  const { request, signal } = session;
  const folder = await session.makeFolder('context');
  const context = await openContext(request, { layers: needs.layers, memory: needs.contexts, folder, signal });
  session.context = context;
  const { platform, images } = needs;
  const program = interpret(parse(context.dockerfile));
  return lower({ program, request, platform, findImage: (name) => images.find(name) });
}

/** Records the image. One that changes nothing is its base. */
async function exportImage({ state, id }: StageEnd, { target }: LoweredBuild, needs: BuildNeeds): Promise<Digest> {
  if (target.base.kind === 'image' && id === target.base.image.id) return target.base.image.id;
  if (id === '') {
    const detail = { range: target.steps[0]?.range };
    throw invalidParameter('no-image', 'No image was generated. Is your Dockerfile empty?', { detail });
  }
  const bytes = configBytes(state);
  const imageId = digestOf(bytes);
  if (needs.images.find(imageId) !== undefined) return imageId;
  // The image's record is durable: what it names must be so before it.
  await needs.snapshots.sync();
  await needs.images.add({ configBytes: bytes, layers: [...state.layers] });
  return imageId;
}

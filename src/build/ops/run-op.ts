import { systemError } from '../../errors/index.ts';
import type { CopyOp, Vertex } from '../graph/vertex.ts';
import type { BuilderNeeds } from '../needs.ts';
import type { BuildSession } from '../session.ts';
import type { ContentSource } from '../solver/keys.ts';
import type { Made, Solved, StepWatcher } from '../solver/solver.ts';
import { runCopy } from './copy.ts';
import { runMkdir } from './mkdir.ts';
import { runCommand } from './run.ts';
import { hashSources, resolveSources } from './sources.ts';

type OpNeeds = Pick<BuilderNeeds, 'snapshots' | 'layers' | 'runStep' | 'now'> & {
  openTree(vertex: Vertex): Promise<string>;
};

/**
 * One step on a snapshot of its own: prepare, mount, act, unmount, diff. The snapshot is kept only when something
 * changed; committing it is the solver's.
 */
export async function runOp(
  vertex: Vertex,
  parent: Solved['layers'][number]['snapshot'] | undefined,
  second: Solved | undefined,
  session: BuildSession,
  watch: StepWatcher,
  needs: OpNeeds,
): Promise<Made> {
  const { key } = await session.withRoot(parent, async ({ root, key: active }) => {
    await act(vertex, root, active, second, session, watch, needs);
    return {};
  });
  const epoch = session.sourceDateEpoch;
  const diff = await needs.layers.diff(key, epoch === undefined ? {} : { sourceDateEpoch: epoch });
  if (diff.isEmpty) {
    await session.dropSnapshot(key);
    return {};
  }
  return { key, diffId: diff.diffId, sizeBytes: diff.sizeBytes };
}

async function act(
  vertex: Vertex,
  root: string,
  active: Parameters<OpNeeds['layers']['apply']>[0],
  second: Solved | undefined,
  session: BuildSession,
  watch: StepWatcher,
  needs: OpNeeds,
): Promise<void> {
  const { op } = vertex;
  switch (op.kind) {
    case 'run':
      return runCommand(op, root, watch.containerId, session, needs, watch);
    case 'mkdir':
      return runMkdir(op, root, needs.layers);
    case 'copy':
      return copy(op, vertex, root, session, needs);
    case 'merge': {
      const layer = second?.layers.at(-1);
      if (layer === undefined) return;
      await needs.layers.apply(active, await needs.layers.openDiff(layer.snapshot), session.signal);
      return;
    }
    case 'scratch':
    case 'image':
    case 'context':
      throw systemError('not-a-step', `${op.kind} is nothing to run`);
    default:
      return op satisfies never;
  }
}

async function copy(op: CopyOp, vertex: Vertex, root: string, session: BuildSession, needs: OpNeeds): Promise<void> {
  const [, reads] = vertex.inputs;
  if (reads === undefined) throw systemError('not-a-step', 'a copy without a source');
  const from = await needs.openTree(reads);
  const isContext = reads.op.kind === 'context';
  const sources = await resolveSources(op, from, isContext, needs.layers);
  const { makeFolder, signal } = session;
  await runCopy(op, { root, from, isContext, sources, makeFolder, signal }, needs.layers);
}

/** The content key's part of a COPY or ADD: what its words name in that tree. */
export async function hashCopy(
  { op, inputs }: Vertex,
  root: string,
  layers: OpNeeds['layers'],
): Promise<ContentSource[]> {
  if (op.kind !== 'copy') return [];
  const isContext = inputs[1]?.op.kind === 'context';
  return hashSources(op, await resolveSources(op, root, isContext, layers), root, layers);
}

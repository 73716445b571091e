import type { Layers } from '../../store/index.ts';
import type { MkdirOp } from '../graph/vertex.ts';
import { resolveUser } from './owner.ts';

/** WORKDIR: what is missing is created, 0755, owned by the USER in force. */
export async function runMkdir(op: MkdirOp, root: string, layers: Pick<Layers, 'mkdirs' | 'readFile'>): Promise<void> {
  const owner = await resolveUser(op.user, root, layers);
  await layers.mkdirs(root, op.path, { ...owner, mode: 0o755 });
}

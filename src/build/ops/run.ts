import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineError, systemError } from '../../errors/index.ts';
import type { RunOp } from '../graph/vertex.ts';
import type { BuilderNeeds } from '../needs.ts';
import type { BuildSession } from '../session.ts';
import { createOutputLimit } from './output-limit.ts';

const TAIL_BYTES = 8 * 1024;

export interface RunWatcher {
  output(stream: 'stdout' | 'stderr', data: Buffer): void | Promise<void>;
}

/** Runs the command on the mounted root. @throws system `step-failed` with `detail.exitCode` and `detail.output` (its end) */
export async function runCommand(
  op: RunOp,
  root: string,
  containerId: string,
  session: BuildSession,
  needs: Pick<BuilderNeeds, 'runStep' | 'now'>,
  watch: RunWatcher,
): Promise<void> {
  const { request } = session;
  const limit = createOutputLimit(needs.now);
  let tail = Buffer.alloc(0);
  try {
    const { exitCode, oomKilled } = await needs.runStep(
      {
        id: containerId,
        rootfs: root,
        args: op.args,
        env: [...op.env, ...op.proxyEnv],
        cwd: op.cwd,
        user: op.user,
        networkMode: op.networkMode,
        extraHosts: op.extraHosts,
        ...(request.shmSizeBytes > 0 ? { shmSizeBytes: request.shmSizeBytes } : {}),
        limits: request.limits,
        hostCa: request.hostCa,
        extraMounts: await scriptMounts(op, containerId, session),
        output(stream, chunk) {
          tail = Buffer.concat([tail, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
          const shown = limit(chunk);
          return shown === undefined ? undefined : watch.output(stream, shown);
        },
      },
      session.signal,
    );
    session.signal.throwIfAborted();
    if (exitCode !== 0) throw failure(op, exitCode, oomKilled, tail);
  } catch (error) {
    if (!(error instanceof EngineError) || error.code === 'step-failed') throw error;
    throw new EngineError(error.kind, error.message, {
      code: error.code,
      cause: error,
      detail: { ...error.detail, output: tail.toString('utf8') },
    });
  }
}

function failure(op: RunOp, exitCode: number, oomKilled: boolean, tail: Buffer): EngineError {
  const message = `The command '${op.args.join(' ')}' returned a non-zero code: ${exitCode}`;
  return systemError('step-failed', message, {
    detail: { exitCode, oomKilled, output: tail.toString('utf8') },
  });
}

async function scriptMounts(
  op: RunOp,
  containerId: string,
  session: BuildSession,
): Promise<{ source: string; target: string; readOnly: boolean }[]> {
  if (op.scripts.length === 0) return [];
  const folder = await session.makeFolder(`scripts-${containerId.slice(0, 12)}`, 0o755);
  for (const script of op.scripts) await writeFile(join(folder, script.name), script.content, { mode: 0o755 });
  return [{ source: folder, target: '/dev/pipes', readOnly: true }];
}

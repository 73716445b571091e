import { closeSync, constants, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidParameter } from '../errors/index.ts';
import { makePipe, type SpawnRequest } from '../host/index.ts';
import { Rollback } from '../lib/index.ts';
import type { RuntimeContext } from './context.ts';
import type { ExecRequest, ExitFacts, RunningProcess, StdioMode } from './contract.ts';
import { checkExecutableIn } from './executable.ts';
import { findLive } from './live.ts';
import { CLEAN_ENV, processFor, runtimeCommand, spawnForRuntime } from './oci-cli/command.ts';
import {
  type LateFailure,
  noticeLateFailure,
  readLog,
  reasonFromLog,
  startFailure,
  withLateFailure,
} from './oci-cli/failure.ts';
import { openConsole } from './stdio/console.ts';
import { asReadingEnd, type PipeDescriptors, pipeEnds } from './stdio/pipe-ends.ts';
import { discardEnds, type ProcessEnds, settleEnds } from './stdio/process-ends.ts';
import { terminalEnds } from './stdio/terminal-ends.ts';

const VALID_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/;

/**
 * Starts a process in a running container. The runtime is our own child and the pipes have no names, so that an exec ends
 * with its daemon: its stdin closes, and what it writes then is SIGPIPE or, on a terminal, SIGHUP.
 */
export async function execInContainer(context: RuntimeContext, request: ExecRequest): Promise<RunningProcess> {
  const { containerId, execId, stdio, consoleSize } = request;
  if (!VALID_NAME.test(execId))
    throw invalidParameter('invalid-id', `not an exec id: ${JSON.stringify(execId.slice(0, 80))}`);
  const live = findLive(context, containerId);
  checkExecutableIn(live.init.pid, request.process);
  await using undo = new Rollback();
  const folder = join(live.folder.file('exec'), execId);
  const pidName = `${containerId}.${execId}`;
  const pidFile = join(context.folders.pids, pidName);
  const clean = (): void => {
    rmSync(folder, { recursive: true, force: true });
    rmSync(pidFile, { force: true });
  };
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  undo.push(clean);
  const process = processFor(context, request.process, request);
  writeFileSync(join(folder, 'process.json'), JSON.stringify(process), { mode: 0o600 });

  using console = stdio.tty ? openConsole(context, consoleSize) : undefined;
  const pipes = openPipes(stdio);
  const late = noticeLateFailure(process.args[0] ?? '');
  const overPipes = pipes.ours === undefined ? undefined : pipeEnds(pipes.ours, late);
  if (overPipes !== undefined) undo.push(() => discardEnds(overPipes));
  const { slave, args = [] } = console ?? {};
  const child = startRuntime(context, pipes.child, {
    cwd: folder,
    args: ['exec', '--process', 'process.json', '--pid-file', pidFile, ...args, containerId],
    ...(slave && { slave }),
  });

  const pid = await context.pidFiles.wait(pidName, child.ended);
  if (pid === undefined) {
    // The container may have ended meanwhile: then that is the reason, not what the runtime makes of it.
    findLive(context, containerId);
    throw startFailure('exec', reasonFromLog(readLog(join(folder, 'log')), process.args[0] ?? ''));
  }
  const startedAtMs = context.needs.now();
  const ends = overPipes ?? terminalEnds(await console?.take(), stdio, late);
  if (consoleSize !== undefined) ends.io.resize(consoleSize.height, consoleSize.width);
  undo.commit();
  const exited = awaitExecExit(context, child.ended, ends, late).finally(clean);
  return { pid, startedAtMs, io: ends.io, exited };
}

async function awaitExecExit(
  context: RuntimeContext,
  ended: Promise<number>,
  ends: ProcessEnds,
  late: LateFailure,
): Promise<ExitFacts> {
  const exitCode = await ended;
  const finishedAtMs = context.needs.now();
  await settleEnds(ends);
  return { exitCode: withLateFailure(late, exitCode), finishedAtMs, oomKilled: false };
}

/** Unnamed pipes. `child` are the runtime's 0, 1 and 2. */
function openPipes(stdio: StdioMode): { child: number[]; ours: PipeDescriptors | undefined } {
  const nowhere = (): number => openSync('/dev/null', constants.O_RDWR);
  if (stdio.tty) return { child: [nowhere(), nowhere(), nowhere()], ours: undefined };
  const out = makePipe();
  const err = makePipe();
  const ours: PipeDescriptors = { out: asReadingEnd(out.reader), err: asReadingEnd(err.reader) };
  if (stdio.stdin === 'none') return { child: [nowhere(), out.writer, err.writer], ours };
  const stdin = makePipe();
  ours.in = stdin.writer;
  return { child: [stdin.reader, out.writer, err.writer], ours };
}

function startRuntime(
  context: RuntimeContext,
  child: readonly number[],
  { cwd, args, slave }: { cwd: string; args: string[]; slave?: { path: string; flags: number } },
): { ended: Promise<number> } {
  const request: SpawnRequest = {
    path: context.found.path,
    args: [...runtimeCommand(context), ...args],
    env: CLEAN_ENV,
    cwd,
    fds: slave === undefined ? child : [slave, slave, slave],
  };
  try {
    return spawnForRuntime(context, request);
  } finally {
    for (const fd of child) closeSync(fd);
  }
}

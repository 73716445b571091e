import { type Spawned, type SpawnRequest, spawnProcess } from '../../host/index.ts';
import type { ProcessSpec } from '../../oci/index.ts';
import type { RuntimeContext } from '../context.ts';
import type { RunRequest } from '../contract.ts';

/** The environment of everything started here: the daemon's own is nobody's business. */
export const CLEAN_ENV = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];

/** The part before the subcommand. `log` is relative to the working directory. */
export function runtimeCommand({ found, folders }: RuntimeContext): string[] {
  const manager = found.name === 'crun' ? ['--cgroup-manager=cgroupfs'] : [];
  return [found.path, '--root', folders.state, ...manager, '--log', 'log', '--log-format', 'json'];
}

/** Starts something that will be, or will start, the runtime. */
export function spawnForRuntime({ privateMounts }: RuntimeContext, request: SpawnRequest): Spawned {
  return privateMounts === undefined ? spawnProcess(request) : privateMounts.run(() => spawnProcess(request));
}

/**
 * The process as the runtime gets it. Without a NOFILE limit of its own it would get Node's raised one, and with it
 * programs that close every descriptor; the terminal's size is there before its first look.
 */
export function processFor(
  { nofile }: Pick<RuntimeContext, 'nofile'>,
  process: ProcessSpec,
  { stdio, consoleSize }: Pick<RunRequest, 'stdio' | 'consoleSize'>,
): ProcessSpec {
  const rlimits = process.rlimits ?? [];
  const hasLimit = rlimits.some(({ type }) => type === 'RLIMIT_NOFILE');
  return {
    ...process,
    terminal: stdio.tty,
    ...(stdio.tty && consoleSize !== undefined && { consoleSize }),
    rlimits: hasLimit ? rlimits : [...rlimits, { type: 'RLIMIT_NOFILE', ...nofile }],
  };
}

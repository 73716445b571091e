import { closeSync } from 'node:fs';
import type { RuntimeContext } from './context.ts';
import type { RunFolder } from './folder.ts';
import { MONITOR_SCRIPT } from './monitor.ts';
import { CLEAN_ENV, runtimeCommand, spawnForRuntime } from './oci-cli/command.ts';
import type { Console } from './stdio/console.ts';

/** Starts the monitor, which starts the runtime. Closes `child`, the descriptors that are the monitor's now. */
export function startMonitor(
  context: RuntimeContext,
  folder: RunFolder,
  child: readonly number[],
  console: Console | undefined,
): void {
  const slave = console?.slave;
  const run = ['run', '--bundle', '.', '--pid-file', folder.pidFile, ...(console?.args ?? []), folder.id];
  try {
    spawnForRuntime(context, {
      path: '/bin/sh',
      args: [
        'sh',
        '-c',
        MONITOR_SCRIPT,
        'berth-monitor',
        ...context.monitorCgroups,
        '--',
        ...runtimeCommand(context),
        ...run,
      ],
      env: CLEAN_ENV,
      cwd: folder.path,
      fds: child.map((fd, target) => (slave !== undefined && target <= 2 ? slave : fd)),
    });
  } finally {
    for (const fd of child) closeSync(fd);
  }
}

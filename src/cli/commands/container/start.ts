import type { ContainerInspectResponse, ContainerWaitResponse } from '../../../api/index.ts';
import { isEngineError } from '../../../errors/index.ts';
import { atLeast, defineCommand } from '../../command.ts';
import { describeError, ExitError, startExitCode } from '../../exit-code.ts';
import { flagTable } from '../../flags/spec.ts';
import { DEFAULT_DETACH_KEYS, detachKeysOf } from '../../terminal/attach-session.ts';
import { followTerminalSize, forwardSignals } from '../../terminal/signals.ts';
import { forEachName } from '../for-each.ts';
import { attachTo, kill, resize } from './run.ts';

export const start = defineCommand({
  names: ['container start', 'start'],
  summary: 'Start one or more stopped containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: atLeast(1),
  flags: flagTable({
    attach: { type: 'bool', short: 'a', description: 'Attach STDOUT/STDERR and forward signals' },
    'detach-keys': {
      type: 'string',
      description: `Override the key sequence for detaching a container (default "${DEFAULT_DETACH_KEYS}")`,
    },
    interactive: { type: 'bool', short: 'i', description: "Attach container's STDIN" },
  }),
  async run(context, flags, args) {
    const client = await context.client();
    if (!flags.attach && !flags.interactive) {
      return forEachName(
        context,
        args,
        async (name) => {
          await client.json({ method: 'POST', path: `/containers/${encodeURIComponent(name)}/start` });
          return name;
        },
        { summary: (failed) => `Error: failed to start containers: ${failed.join(', ')}` },
      );
    }
    const [name = ''] = args;
    if (args.length > 1) throw new ExitError(1, 'you cannot start and attach multiple containers at once');
    const { Id: id = '', Config } = await client.json<ContainerInspectResponse>({
      method: 'GET',
      path: `/containers/${encodeURIComponent(name)}/json`,
    });
    const tty = Config?.Tty ?? false;
    const session = await attachTo(context, client, id, {
      stdin: flags.interactive && (Config?.OpenStdin ?? false),
      stdout: true,
      stderr: true,
      tty,
      detachKeys: detachKeysOf(flags['detach-keys'], context.env),
    });
    const waiting = client.json<ContainerWaitResponse>({
      method: 'POST',
      path: `/containers/${id}/wait`,
      query: { condition: 'next-exit' },
    });
    waiting.catch(() => {});
    const undoSignals = tty ? () => {} : forwardSignals((signal) => void kill(client, id, signal));
    let undoResize = (): void => {};
    try {
      await client.json({ method: 'POST', path: `/containers/${id}/start` }).catch((error: unknown) => {
        if (!isEngineError(error)) throw error;
        throw new ExitError(Math.min(startExitCode(error.message), 1), describeError(error));
      });
      if (tty)
        undoResize = followTerminalSize(
          context.stdout,
          (rows, columns) => void resize(client, `/containers/${id}`, rows, columns),
        );
      if ((await session.done) === 'detached') return 0;
      return (await waiting).StatusCode ?? 125;
    } finally {
      undoSignals();
      undoResize();
      session.restore();
    }
  },
});

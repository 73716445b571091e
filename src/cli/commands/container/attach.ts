import type { ContainerInspectResponse, ContainerWaitResponse } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { flagTable } from '../../flags/spec.ts';
import { DEFAULT_DETACH_KEYS, detachKeysOf } from '../../terminal/attach-session.ts';
import { followTerminalSize, forwardSignals } from '../../terminal/signals.ts';
import { attachTo, kill, resize } from './run.ts';

export const attach = defineCommand({
  names: ['container attach', 'attach'],
  summary: 'Attach local standard input, output, and error streams to a running container',
  usage: '[OPTIONS] CONTAINER',
  arity: exactly(1),
  flags: flagTable({
    'detach-keys': {
      type: 'string',
      description: `Override the key sequence for detaching a container (default "${DEFAULT_DETACH_KEYS}")`,
    },
    'no-stdin': { type: 'bool', description: 'Do not attach STDIN' },
    'sig-proxy': { type: 'bool', default: true, description: 'Proxy all received signals to the process' },
  }),
  async run(context, flags, [name = '']) {
    const client = await context.client();
    const {
      Id: id = '',
      Config,
      State,
    } = await client.json<ContainerInspectResponse>({
      method: 'GET',
      path: `/containers/${encodeURIComponent(name)}/json`,
    });
    if (!State?.Running) throw new ExitError(1, 'You cannot attach to a stopped container, start it first');
    if (State.Paused) throw new ExitError(1, 'You cannot attach to a paused container, unpause it first');
    const tty = Config?.Tty ?? false;
    const waiting = client.json<ContainerWaitResponse>({ method: 'POST', path: `/containers/${id}/wait` });
    waiting.catch(() => {});
    const session = await attachTo(context, client, id, {
      stdin: !flags['no-stdin'] && (Config?.OpenStdin ?? false),
      stdout: true,
      stderr: true,
      tty,
      detachKeys: detachKeysOf(flags['detach-keys'], context.env),
    });
    const undoSignals =
      flags['sig-proxy'] && !tty ? forwardSignals((signal) => void kill(client, id, signal)) : () => {};
    // A size that changes makes the program draw itself again: how a second attach gets its prompt.
    if (tty && context.stdout.isTTY)
      await resize(client, `/containers/${id}`, context.stdout.rows + 1, context.stdout.columns + 1);
    const undoResize = tty
      ? followTerminalSize(context.stdout, (rows, columns) => void resize(client, `/containers/${id}`, rows, columns))
      : () => {};
    try {
      if ((await session.done) === 'detached') {
        context.stderr.write('read escape sequence\n');
        return 1;
      }
      return (await waiting).StatusCode ?? 0;
    } finally {
      undoSignals();
      undoResize();
      session.restore();
    }
  },
});

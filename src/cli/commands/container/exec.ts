import type { ExecInspect } from '../../../api/index.ts';
import { atLeast, defineCommand } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { flagTable } from '../../flags/spec.ts';
import { DEFAULT_DETACH_KEYS, detachKeysOf, startSession } from '../../terminal/attach-session.ts';
import { followTerminalSize } from '../../terminal/signals.ts';
import { resolveEnv } from './create-request.ts';
import { resize } from './run.ts';

export const exec = defineCommand({
  names: ['container exec', 'exec'],
  summary: 'Execute a command in a running container',
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  arity: atLeast(2),
  stopAtFirstArg: true,
  examples: ['berth exec -it web sh', 'berth exec -u postgres db psql -c "select 1"'],
  flags: flagTable({
    detach: { type: 'bool', short: 'd', description: 'Detached mode: run command in the background' },
    'detach-keys': {
      type: 'string',
      description: `Override the key sequence for detaching a container (default "${DEFAULT_DETACH_KEYS}")`,
    },
    env: { type: 'list', short: 'e', description: 'Set environment variables' },
    'env-file': { type: 'list', description: 'Read in a file of environment variables' },
    interactive: { type: 'bool', short: 'i', description: 'Keep STDIN open even if not attached' },
    privileged: { type: 'bool', description: 'Give extended privileges to the command' },
    tty: { type: 'bool', short: 't', description: 'Allocate a pseudo-TTY' },
    user: { type: 'string', short: 'u', description: 'Username or UID (format: "<name|uid>[:<group|gid>]")' },
    workdir: { type: 'string', short: 'w', description: 'Working directory inside the container' },
  }),
  async run(context, flags, [name = '', ...command]) {
    if (flags.tty && flags.interactive && !flags.detach && !context.stdin.isTTY)
      throw new ExitError(1, 'the input device is not a TTY');
    const client = await context.client();
    const { Id } = await client.json<{ Id: string }>({
      method: 'POST',
      path: `/containers/${encodeURIComponent(name)}/exec`,
      body: {
        User: flags.user ?? '',
        Privileged: flags.privileged,
        Tty: flags.tty,
        AttachStdin: flags.interactive && !flags.detach,
        AttachStdout: !flags.detach,
        AttachStderr: !flags.detach,
        DetachKeys: detachKeysOf(flags['detach-keys'], context.env),
        Env: resolveEnv(flags.env, flags['env-file'], context.env),
        WorkingDir: flags.workdir ?? '',
        Cmd: command,
      },
    });
    if (flags.detach) {
      await client.json({ method: 'POST', path: `/exec/${Id}/start`, body: { Detach: true, Tty: flags.tty } });
      return 0;
    }
    const size: [number, number] | undefined =
      flags.tty && context.stdout.isTTY ? [context.stdout.rows, context.stdout.columns] : undefined;
    const { stream } = await client.hijack({
      method: 'POST',
      path: `/exec/${Id}/start`,
      body: { Detach: false, Tty: flags.tty, ...(size && { ConsoleSize: size }) },
    });
    const session = startSession(context, stream, {
      tty: flags.tty,
      stdin: flags.interactive,
      detachKeys: detachKeysOf(flags['detach-keys'], context.env),
    });
    const undoResize = flags.tty
      ? followTerminalSize(context.stdout, (rows, columns) => void resize(client, `/exec/${Id}`, rows, columns))
      : () => {};
    try {
      if ((await session.done) === 'detached') {
        context.stderr.write('read escape sequence\n');
        return 1;
      }
    } finally {
      undoResize();
      session.restore();
    }
    const { ExitCode } = await client.json<ExecInspect>({ method: 'GET', path: `/exec/${Id}/json` });
    return ExitCode ?? 0;
  },
});

import type { ContainerWaitResponse } from '../../../api/index.ts';
import type { Client } from '../../../client/index.ts';
import { isEngineError } from '../../../errors/index.ts';
import { atLeast, type Context, defineCommand } from '../../command.ts';
import { describeError, ExitError, startExitCode } from '../../exit-code.ts';
import { type FlagValues, flagTable } from '../../flags/spec.ts';
import { DEFAULT_DETACH_KEYS, detachKeysOf, type Session, startSession } from '../../terminal/attach-session.ts';
import { followTerminalSize, forwardSignals } from '../../terminal/signals.ts';
import { createContainer } from './create.ts';
import { createFlags } from './create-flags.ts';
import { attachments } from './create-request.ts';

const runFlags = flagTable({
  ...createFlags,
  detach: { type: 'bool', short: 'd', description: 'Run container in background and print container ID' },
  'detach-keys': {
    type: 'string',
    description: `Override the key sequence for detaching a container (default "${DEFAULT_DETACH_KEYS}")`,
  },
  'sig-proxy': { type: 'bool', default: true, description: 'Proxy received signals to the process' },
});

export const run = defineCommand({
  names: ['container run', 'run'],
  summary: 'Create and run a new container from an image',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  arity: atLeast(1),
  flags: runFlags,
  stopAtFirstArg: true,
  failureCode: 125,
  examples: ['berth run --rm -it busybox sh', 'berth run -d --name web -p 8080:80 my-app'],
  async run(context, flags, args) {
    if (flags.detach && flags.attach.length > 0)
      throw new ExitError(1, 'conflicting options: cannot specify both --attach and --detach');
    if (flags.tty && flags.interactive && !flags.detach && !context.stdin.isTTY) {
      throw new ExitError(1, 'the input device is not a TTY');
    }
    const client = await context.client();
    const { Id: id = '' } = await createContainer(context, client, flags, args, {
      verb: 'run',
      isDetached: flags.detach,
    });
    return flags.detach ? runDetached(context, client, id) : runAttached(context, client, id, flags);
  },
});

async function start(context: Context, client: Client, id: string, isRemoved: boolean): Promise<void> {
  try {
    await client.json({ method: 'POST', path: `/containers/${id}/start` });
  } catch (error) {
    // A container that never ran is of no use to `--rm`; one without stays for a look, as docker keeps it.
    if (isRemoved)
      await client
        .json({ method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: true } })
        .catch(() => {});
    if (!isEngineError(error)) throw error;
    throw new ExitError(
      startExitCode(error.message),
      `${context.program}: ${describeError(error)}\n\nRun '${context.program} run --help' for more information`,
    );
  }
}

async function runDetached(context: Context, client: Client, id: string): Promise<number> {
  await start(context, client, id, false);
  context.stdout.write(`${id}\n`);
  return 0;
}

async function runAttached(
  context: Context,
  client: Client,
  id: string,
  flags: FlagValues<typeof runFlags>,
): Promise<number> {
  const attach = attachments(flags, false);
  const session = await attachTo(context, client, id, {
    ...attach,
    tty: flags.tty,
    detachKeys: detachKeysOf(flags['detach-keys'], context.env),
  });
  const stop = new AbortController();
  // `removed` for --rm: the shell gets its prompt back when the name is free again.
  const waiting = client.json<ContainerWaitResponse>({
    method: 'POST',
    path: `/containers/${id}/wait`,
    query: { condition: flags.rm ? 'removed' : 'next-exit' },
    signal: stop.signal,
  });
  waiting.catch(() => {});
  const undoSignals =
    flags['sig-proxy'] && !flags.tty ? forwardSignals((signal) => void kill(client, id, signal)) : () => {};
  let undoResize = (): void => {};
  try {
    await start(context, client, id, flags.rm);
    if (flags.tty)
      undoResize = followTerminalSize(
        context.stdout,
        (rows, columns) => void resize(client, `/containers/${id}`, rows, columns),
      );
    if ((await session.done) === 'detached') return 0;
    const { StatusCode = 125, Error: failure } = await waiting;
    if (failure?.Message) throw new ExitError(125, failure.Message);
    return StatusCode;
  } finally {
    undoSignals();
    undoResize();
    session.restore();
    stop.abort();
  }
}

export async function attachTo(
  context: Context,
  client: Client,
  id: string,
  options: { stdin: boolean; stdout: boolean; stderr: boolean; tty: boolean; detachKeys: string; logs?: boolean },
): Promise<Session> {
  const { stream } = await client.hijack({
    method: 'POST',
    path: `/containers/${id}/attach`,
    query: {
      stream: true,
      stdin: options.stdin,
      stdout: options.stdout,
      stderr: options.stderr,
      logs: options.logs,
      detachKeys: options.detachKeys,
    },
  });
  return startSession(context, stream, options);
}

/** A signal for a process that has just ended is lost, and that is right. */
export const kill = (client: Client, id: string, signal: string): Promise<void> =>
  client.json<void>({ method: 'POST', path: `/containers/${id}/kill`, query: { signal } }).catch(() => {});

export const resize = (client: Client, of: string, rows: number, columns: number): Promise<void> =>
  client.json<void>({ method: 'POST', path: `${of}/resize`, query: { h: rows, w: columns } }).catch(() => {});

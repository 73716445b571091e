import type { ContainerWaitResponse } from '../../../api/index.ts';
import { atLeast, type Command, type Context, defineCommand } from '../../command.ts';
import { flagTable } from '../../flags/spec.ts';
import { forEachName } from '../for-each.ts';

const post = (verb: string, query: Record<string, string | number | undefined> = {}) => {
  return async (context: Context, names: readonly string[]): Promise<number> => {
    const client = await context.client();
    return forEachName(context, names, async (name) => {
      await client.json({ method: 'POST', path: `/containers/${encodeURIComponent(name)}/${verb}`, query });
      return name;
    });
  };
};

const stopFlags = flagTable({
  signal: { type: 'string', short: 's', description: 'Signal to send to the container' },
  timeout: { type: 'int', short: 't', description: 'Seconds to wait before killing the container' },
  time: { type: 'int', isHidden: true, description: 'Seconds to wait before killing the container' },
});

const stopping = (verb: 'stop' | 'restart', summary: string): Command =>
  defineCommand({
    names: [`container ${verb}`, verb],
    summary,
    usage: '[OPTIONS] CONTAINER [CONTAINER...]',
    arity: atLeast(1),
    flags: stopFlags,
    run: (context, flags, args) => post(verb, { signal: flags.signal, t: flags.timeout ?? flags.time })(context, args),
  });

const simple = (verb: 'pause' | 'unpause', summary: string): Command =>
  defineCommand({
    names: [`container ${verb}`, verb],
    summary,
    usage: 'CONTAINER [CONTAINER...]',
    arity: atLeast(1),
    flags: {},
    run: (context, _flags, args) => post(verb)(context, args),
  });

export const stop = stopping('stop', 'Stop one or more running containers');
export const restart = stopping('restart', 'Restart one or more containers');
export const pause = simple('pause', 'Pause all processes within one or more containers');
export const unpause = simple('unpause', 'Unpause all processes within one or more containers');

export const kill = defineCommand({
  names: ['container kill', 'kill'],
  summary: 'Kill one or more running containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: atLeast(1),
  flags: flagTable({ signal: { type: 'string', short: 's', description: 'Signal to send to the container' } }),
  run: (context, flags, args) => post('kill', { signal: flags.signal })(context, args),
});

export const rm = defineCommand({
  names: ['container rm', 'container remove', 'rm'],
  summary: 'Remove one or more containers',
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  arity: atLeast(1),
  flags: flagTable({
    force: { type: 'bool', short: 'f', description: 'Force the removal of a running container (uses SIGKILL)' },
    link: { type: 'bool', short: 'l', description: 'Remove the specified link' },
    volumes: { type: 'bool', short: 'v', description: 'Remove anonymous volumes associated with the container' },
  }),
  async run(context, flags, args) {
    const client = await context.client();
    return forEachName(
      context,
      args,
      async (name) => {
        await client.json({
          method: 'DELETE',
          path: `/containers/${encodeURIComponent(name)}`,
          query: { force: flags.force, link: flags.link, v: flags.volumes },
        });
        return name;
      },
      { ignoresMissing: flags.force },
    );
  },
});

export const wait = defineCommand({
  names: ['container wait', 'wait'],
  summary: 'Block until one or more containers stop, then print their exit codes',
  usage: 'CONTAINER [CONTAINER...]',
  arity: atLeast(1),
  flags: {},
  async run(context, _flags, args) {
    const client = await context.client();
    return forEachName(context, args, async (name) => {
      const { StatusCode } = await client.json<ContainerWaitResponse>({
        method: 'POST',
        path: `/containers/${encodeURIComponent(name)}/wait`,
      });
      return String(StatusCode);
    });
  },
});

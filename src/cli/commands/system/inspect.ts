import type { Client } from '../../../client/index.ts';
import { isEngineError, notFound } from '../../../errors/index.ts';
import { atLeast, type Command, defineCommand } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { inspectFormatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { inspectObjects } from '../inspect-objects.ts';

type Kind = 'container' | 'image' | 'network' | 'volume';

const PATHS: Record<Kind, (name: string) => string> = {
  container: (name) => `/containers/${name}/json`,
  image: (name) => `/images/${name}/json`,
  network: (name) => `/networks/${name}`,
  volume: (name) => `/volumes/${name}`,
};

const get = (client: Client, kind: Kind, name: string, isSized: boolean): Promise<unknown> =>
  client.json({
    method: 'GET',
    isExact: true,
    path: PATHS[kind](encodeURIComponent(name)),
    query: { size: kind === 'container' && isSized },
  });

/** Tries each kind in turn, as `docker inspect` does. */
async function findAny(client: Client, name: string, isSized: boolean): Promise<unknown> {
  for (const kind of Object.keys(PATHS) as Kind[]) {
    try {
      return await get(client, kind, name, isSized);
    } catch (error) {
      if (!isEngineError(error, 'not-found')) throw error;
    }
  }
  throw notFound('no-such-object', `Error: No such object: ${name}`);
}

export const inspect = defineCommand({
  names: ['inspect'],
  summary: 'Return low-level information on containers, images, networks and volumes',
  usage: '[OPTIONS] NAME|ID [NAME|ID...]',
  arity: atLeast(1),
  examples: ["berth inspect -f '{{.State.ExitCode}}' web", "berth inspect -f '{{json .Mounts}}' db"],
  flags: flagTable({
    format: inspectFormatFlag,
    size: { type: 'bool', short: 's', description: 'Display total file sizes if the type is container' },
    type: { type: 'string', description: 'Only inspect objects of the given type' },
  }),
  async run(context, flags, args) {
    const client = await context.client();
    const kind = flags.type as Kind | undefined;
    if (kind !== undefined && !Object.hasOwn(PATHS, kind)) {
      const known = Object.keys(PATHS).map((one) => `"${one}"`);
      throw new ExitError(1, `unknown type: ${JSON.stringify(kind)}: must be one of ${known.join(', ')}`);
    }
    if (flags.size && kind !== undefined && kind !== 'container')
      context.stderr.write(`WARNING: --size ignored for ${kind}\n`);
    return inspectObjects(context, args, flags.format, (name) =>
      kind === undefined ? findAny(client, name, flags.size) : get(client, kind, name, flags.size),
    );
  },
});

const inspectKind = (kind: Kind, summary: string, placeholder: string): Command =>
  defineCommand({
    names: [`${kind} inspect`],
    summary,
    usage: `[OPTIONS] ${placeholder} [${placeholder}...]`,
    arity: atLeast(1),
    flags: flagTable({
      format: inspectFormatFlag,
      size: { type: 'bool', short: 's', description: 'Display total file sizes' },
    }),
    async run(context, flags, args) {
      const client = await context.client();
      return inspectObjects(context, args, flags.format, (name) => get(client, kind, name, flags.size));
    },
  });

export const inspectContainer = inspectKind(
  'container',
  'Display detailed information on one or more containers',
  'CONTAINER',
);
export const inspectImage = inspectKind('image', 'Display detailed information on one or more images', 'IMAGE');
export const inspectNetwork = inspectKind('network', 'Display detailed information on one or more networks', 'NETWORK');
export const inspectVolume = inspectKind('volume', 'Display detailed information on one or more volumes', 'VOLUME');

import { rmSync, writeFileSync } from 'node:fs';
import type { ContainerCreateResponse } from '../../../api/index.ts';
import type { Client } from '../../../client/index.ts';
import { isEngineError } from '../../../errors/index.ts';
import { atLeast, type Context, defineCommand } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import type { FlagValues } from '../../flags/spec.ts';
import { pullImage } from '../../progress/pull.ts';
import { type CreateFlags, createFlags } from './create-flags.ts';
import { createRequest } from './create-request.ts';

/** Creates the container, pulling its image when it is missing (`--pull`), and writes `--cidfile`. Warnings go to stderr. */
export async function createContainer(
  context: Context,
  client: Client,
  flags: FlagValues<CreateFlags>,
  args: readonly string[],
  isDetached: boolean,
): Promise<ContainerCreateResponse> {
  const image = args[0] ?? '';
  if (!['always', 'missing', 'never'].includes(flags.pull)) {
    throw new ExitError(125, `invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
  }
  const terminal =
    flags.tty && context.stdout.isTTY
      ? { terminal: { rows: context.stdout.rows, columns: context.stdout.columns } }
      : {};
  const body = createRequest(flags, args, { env: context.env, isDetached, ...terminal });
  if (flags.cidfile) reserveFile(flags.cidfile);
  const query = { name: flags.name, platform: flags.platform };
  const create = (): Promise<ContainerCreateResponse> =>
    client.json({ method: 'POST', path: '/containers/create', query, body });
  const pull = (): Promise<void> =>
    pullImage(context, client, image, { isQuiet: flags.quiet, platform: flags.platform });
  let created: ContainerCreateResponse;
  try {
    if (flags.pull === 'always') await pull();
    created = await create().catch(async (error: unknown) => {
      if (!isEngineError(error, 'not-found') || flags.pull !== 'missing' || !/No such image/.test(error.message))
        throw error;
      context.stderr.write(`Unable to find image '${withTag(image)}' locally\n`);
      await pull();
      return create();
    });
  } catch (error) {
    if (flags.cidfile) rmSync(flags.cidfile, { force: true });
    throw error;
  }
  for (const warning of created.Warnings ?? []) context.stderr.write(`WARNING: ${warning}\n`);
  if (flags.cidfile) writeFileSync(flags.cidfile, created.Id ?? '');
  return created;
}

const withTag = (image: string): string => (/[:@]/.test(image.split('/').at(-1) ?? '') ? image : `${image}:latest`);

function reserveFile(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch {
    throw new ExitError(125, `container ID file found, make sure the other container isn't running or delete ${path}`);
  }
}

export const create = defineCommand({
  names: ['container create', 'create'],
  summary: 'Create a new container',
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  arity: atLeast(1),
  flags: createFlags,
  stopAtFirstArg: true,
  examples: ['berth create --name job -v data:/data my-app ./migrate'],
  async run(context, flags, args) {
    const { Id } = await createContainer(context, await context.client(), flags, args, false);
    context.stdout.write(`${Id}\n`);
    return 0;
  },
});

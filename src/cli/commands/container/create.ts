import { rmSync, writeFileSync } from 'node:fs';
import type { ContainerCreateRequest, ContainerCreateResponse } from '../../../api/index.ts';
import type { Client } from '../../../client/index.ts';
import { invalidParameter, isEngineError, messageOf } from '../../../errors/index.ts';
import { parseReference } from '../../../oci/index.ts';
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
  options: { verb: 'run' | 'create'; isDetached: boolean },
): Promise<ContainerCreateResponse> {
  const image = args[0] ?? '';
  const terminal =
    flags.tty && context.stdout.isTTY
      ? { terminal: { rows: context.stdout.rows, columns: context.stdout.columns } }
      : {};
  let body: ContainerCreateRequest;
  try {
    if (!['always', 'missing', 'never'].includes(flags.pull))
      throw new Error(`invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
    body = createRequest(flags, args, { env: context.env, isDetached: options.isDetached, ...terminal });
    parseReference(image);
  } catch (error) {
    throw usageFailure(context, options.verb, error);
  }
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
      if (!isEngineError(error, 'not-found') || flags.pull !== 'missing' || !/image/i.test(error.message)) throw error;
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

/** What is wrong with the command line itself is told with the way to its help, and exits 125: docker's own rule. */
function usageFailure(context: Context, verb: string, error: unknown): ExitError {
  const { program } = context;
  return new ExitError(125, `${program}: ${messageOf(error)}\n\nRun '${program} ${verb} --help' for more information`);
}

function reserveFile(path: string): void {
  try {
    writeFileSync(path, '', { flag: 'wx' });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalidParameter(
      'bad-cidfile',
      code === 'EEXIST'
        ? `container ID file found, make sure the other container isn't running or delete ${path}`
        : `failed to create the container ID file: open ${path}: ${code === 'ENOENT' ? 'no such file or directory' : code}`,
    );
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
    const { Id } = await createContainer(context, await context.client(), flags, args, {
      verb: 'create',
      isDetached: false,
    });
    context.stdout.write(`${Id}\n`);
    return 0;
  },
});

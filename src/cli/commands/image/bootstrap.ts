import { bootstrapImage } from '../../bootstrap/bootstrap.ts';
import { recipes } from '../../bootstrap/recipe.ts';
import { atLeast, type Context, defineCommand } from '../../command.ts';
import { flagTable } from '../../flags/spec.ts';

export const DEFAULT_MIRROR = 'http://deb.debian.org/debian';
export const DEFAULT_NPM_REGISTRY = 'https://registry.npmjs.org/';

/** Where packages come from, unless flags say otherwise. */
export const packageSources = (env: NodeJS.ProcessEnv): { mirror: string; npmRegistry: string } => ({
  mirror: env['BERTH_DEBIAN_MIRROR'] || DEFAULT_MIRROR,
  npmRegistry: env['npm_config_registry'] || DEFAULT_NPM_REGISTRY,
});

export const bootstrap = defineCommand({
  names: ['image bootstrap'],
  summary: 'Make a base image out of packages, without an image registry',
  usage: '[OPTIONS] NAME [NAME...]',
  arity: atLeast(1),
  examples: [
    'berth image bootstrap busybox',
    'berth image bootstrap --mirror http://mirror.example/debian node:18-slim',
    ...recipes.map(({ name, summary }) => `${name.padEnd(24)} ${summary}`),
  ],
  flags: flagTable({
    force: { type: 'bool', short: 'f', description: 'Make it anew even if it is there' },
    mirror: {
      type: 'string',
      description: `Debian mirror to take packages from (default: BERTH_DEBIAN_MIRROR, else ${DEFAULT_MIRROR})`,
    },
    quiet: { type: 'bool', short: 'q', description: 'Say nothing but the name' },
  }),
  async run(context: Context, flags, args) {
    const client = await context.client();
    const sources = packageSources(context.env);
    for (const name of args) {
      const isMade = await bootstrapImage(client, name, {
        ...sources,
        ...(flags.mirror !== undefined && { mirror: flags.mirror }),
        isForced: flags.force,
        say: (line) => void (flags.quiet || context.stderr.write(`${name}: ${line}\n`)),
      });
      if (!isMade && !flags.quiet) context.stderr.write(`${name}: there already (--force makes it anew)\n`);
      context.stdout.write(`${name}\n`);
    }
    return 0;
  },
});

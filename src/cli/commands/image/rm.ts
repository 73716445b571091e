import type { ImageDeleteResponseItem } from '../../../api/index.ts';
import { atLeast, defineCommand } from '../../command.ts';
import { flagTable } from '../../flags/spec.ts';
import { forEachName } from '../for-each.ts';

export const rmi = defineCommand({
  names: ['image rm', 'image remove', 'rmi'],
  summary: 'Remove one or more images',
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  arity: atLeast(1),
  flags: flagTable({
    force: { type: 'bool', short: 'f', description: 'Force removal of the image' },
    'no-prune': { type: 'bool', description: 'Do not delete untagged parents' },
  }),
  async run(context, flags, args) {
    const client = await context.client();
    return forEachName(
      context,
      args,
      async (name) => {
        const removed = await client.json<ImageDeleteResponseItem[]>({
          method: 'DELETE',
          path: `/images/${encodeURIComponent(name)}`,
          query: { force: flags.force, noprune: flags['no-prune'] },
        });
        return removed
          .map(({ Untagged, Deleted }) => (Deleted ? `Deleted: ${Deleted}` : `Untagged: ${Untagged}`))
          .join('\n');
      },
      { ignoresMissing: flags.force },
    );
  },
});

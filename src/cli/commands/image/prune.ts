import type { ImageDeleteResponseItem } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { flagTable } from '../../flags/spec.ts';
import { formatSize } from '../../format/units.ts';
import { confirm } from '../../terminal/confirm.ts';

export const imagePrune = defineCommand({
  names: ['image prune'],
  summary: 'Remove unused images',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: flagTable({
    all: { type: 'bool', short: 'a', description: 'Remove all unused images, not just dangling ones' },
    filter: { ...filterFlag, description: 'Provide filter values (e.g. "until=<timestamp>")' },
    force: { type: 'bool', short: 'f', description: 'Do not prompt for confirmation' },
  }),
  async run(context, flags) {
    const what = flags.all ? 'all images without at least one container associated to them' : 'all dangling images';
    if (!flags.force && !(await confirm(context, `WARNING! This will remove ${what}.`))) return 0;
    const client = await context.client();
    const filters = encodeFilters([...flags.filter, `dangling=${!flags.all}`]);
    const pruned = await client.json<{ ImagesDeleted: ImageDeleteResponseItem[] | null; SpaceReclaimed: number }>({
      method: 'POST',
      path: '/images/prune',
      query: { filters },
    });
    if (pruned.ImagesDeleted?.length) {
      const lines = pruned.ImagesDeleted.map(({ Untagged, Deleted }) =>
        Untagged ? `untagged: ${Untagged}` : `deleted: ${Deleted}`,
      );
      context.stdout.write(`Deleted Images:\n${lines.join('\n')}\n\n`);
    }
    context.stdout.write(`Total reclaimed space: ${formatSize(pruned.SpaceReclaimed)}\n`);
    return 0;
  },
});

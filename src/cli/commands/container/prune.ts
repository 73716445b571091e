import type { ContainersPruned } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { flagTable } from '../../flags/spec.ts';
import { formatSize } from '../../format/units.ts';
import { confirm } from '../../terminal/confirm.ts';

export const prune = defineCommand({
  names: ['container prune'],
  summary: 'Remove all stopped containers',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: flagTable({
    filter: { ...filterFlag, description: 'Provide filter values (e.g. "until=<timestamp>")' },
    force: { type: 'bool', short: 'f', description: 'Do not prompt for confirmation' },
  }),
  async run(context, flags) {
    if (!flags.force && !(await confirm(context, 'WARNING! This will remove all stopped containers.'))) return 0;
    const client = await context.client();
    const pruned = await client.json<ContainersPruned>({
      method: 'POST',
      path: '/containers/prune',
      query: { filters: encodeFilters(flags.filter) },
    });
    if (pruned.ContainersDeleted?.length)
      context.stdout.write(`Deleted Containers:\n${pruned.ContainersDeleted.join('\n')}\n\n`);
    context.stdout.write(`Total reclaimed space: ${formatSize(pruned.SpaceReclaimed)}\n`);
    return 0;
  },
});

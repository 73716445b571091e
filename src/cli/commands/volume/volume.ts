import type { Volume, VolumeListResponse } from '../../../api/index.ts';
import { atLeast, between, defineCommand, exactly } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { formatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { checkLabel } from '../../flags/values.ts';
import { formatList, type ListFormat } from '../../format/table.ts';
import { formatSize } from '../../format/units.ts';
import { confirm } from '../../terminal/confirm.ts';
import { forEachName } from '../for-each.ts';

const labels = (volume: Volume): string =>
  Object.entries(volume.Labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');

const list: ListFormat<Volume> = {
  columns: {
    Name: { header: 'VOLUME NAME', value: (row) => row.Name },
    Driver: { header: 'DRIVER', value: (row) => row.Driver },
    Scope: { header: 'SCOPE', value: (row) => row.Scope },
    Mountpoint: { header: 'MOUNTPOINT', value: (row) => row.Mountpoint },
    Labels: { header: 'LABELS', value: labels },
    Label: { header: '%', value: (row) => (name: unknown) => row.Labels?.[String(name)] ?? '' },
    Links: { header: 'LINKS', value: () => 'N/A' },
    Size: { header: 'SIZE', value: () => 'N/A' },
    Availability: { header: 'AVAILABILITY', value: () => 'N/A' },
    Group: { header: 'GROUP', value: () => 'N/A' },
    Status: { header: 'STATUS', value: () => 'N/A' },
  },
  table: ['Driver', 'Name'],
  quiet: (row) => row.Name ?? '',
};

const pairs = (words: readonly string[]): Record<string, string> =>
  Object.fromEntries(words.map((word) => [word.split('=')[0] ?? '', word.split('=').slice(1).join('=')]));

export const volumeCreate = defineCommand({
  names: ['volume create'],
  summary: 'Create a volume',
  usage: '[OPTIONS] [VOLUME]',
  arity: between(0, 1),
  flags: flagTable({
    driver: { type: 'string', short: 'd', default: 'local', description: 'Specify volume driver name' },
    label: { type: 'list', check: checkLabel, description: 'Set metadata for a volume' },
    name: { type: 'string', isHidden: true, description: 'Specify volume name' },
    opt: { type: 'list', short: 'o', placeholder: 'map', description: 'Set driver specific options' },
  }),
  async run(context, flags, [argument]) {
    if (flags.name !== undefined && argument !== undefined)
      throw new ExitError(
        1,
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
      );
    const name = argument ?? flags.name;
    const client = await context.client();
    const { Name } = await client.json<Volume>({
      method: 'POST',
      path: '/volumes/create',
      body: { Name: name ?? '', Driver: flags.driver, DriverOpts: pairs(flags.opt), Labels: pairs(flags.label) },
    });
    context.stdout.write(`${Name}\n`);
    return 0;
  },
});

export const volumeLs = defineCommand({
  names: ['volume ls', 'volume list'],
  summary: 'List volumes',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: flagTable({
    filter: filterFlag,
    format: formatFlag,
    quiet: { type: 'bool', short: 'q', description: 'Only display volume names' },
  }),
  async run(context, flags) {
    const client = await context.client();
    const { Volumes } = await client.json<VolumeListResponse>({
      method: 'GET',
      path: '/volumes',
      query: { filters: encodeFilters(flags.filter) },
    });
    const rows = [...(Volumes ?? [])].sort((a, b) => ((a.Name ?? '') < (b.Name ?? '') ? -1 : 1));
    context.stdout.write(formatList(rows, list, { format: flags.format, quiet: flags.quiet }));
    return 0;
  },
});

export const volumeRm = defineCommand({
  names: ['volume rm', 'volume remove'],
  summary: 'Remove one or more volumes',
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  arity: atLeast(1),
  flags: flagTable({ force: { type: 'bool', short: 'f', description: 'Force the removal of one or more volumes' } }),
  async run(context, flags, args) {
    const client = await context.client();
    return forEachName(context, args, async (name) => {
      await client.json({
        method: 'DELETE',
        path: `/volumes/${encodeURIComponent(name)}`,
        query: { force: flags.force },
      });
      return name;
    });
  },
});

export const volumePrune = defineCommand({
  names: ['volume prune'],
  summary: 'Remove unused local volumes',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: flagTable({
    all: { type: 'bool', short: 'a', description: 'Remove all unused volumes, not just anonymous ones' },
    filter: { ...filterFlag, description: 'Provide filter values (e.g. "label=<label>")' },
    force: { type: 'bool', short: 'f', description: 'Do not prompt for confirmation' },
  }),
  async run(context, flags) {
    const what = flags.all
      ? 'all local volumes not used by at least one container'
      : 'anonymous local volumes not used by at least one container';
    if (!flags.force && !(await confirm(context, `WARNING! This will remove ${what}.`))) return 0;
    const client = await context.client();
    const filters = encodeFilters([...flags.filter, ...(flags.all ? ['all=true'] : [])]);
    const pruned = await client.json<{ VolumesDeleted: string[] | null; SpaceReclaimed: number }>({
      method: 'POST',
      path: '/volumes/prune',
      query: { filters },
    });
    if (pruned.VolumesDeleted?.length)
      context.stdout.write(`Deleted Volumes:\n${pruned.VolumesDeleted.join('\n')}\n\n`);
    context.stdout.write(`Total reclaimed space: ${formatSize(pruned.SpaceReclaimed)}\n`);
    return 0;
  },
});

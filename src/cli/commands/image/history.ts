import type { ImageHistoryResponseItem } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { formatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { formatList, type ListFormat } from '../../format/table.ts';
import { formatAge, formatSize } from '../../format/units.ts';

const formatFor = (isWhole: boolean, isHuman: boolean, nowMs: number): ListFormat<ImageHistoryResponseItem> => {
  const id = ({ Id = '' }: ImageHistoryResponseItem): string => (isWhole ? Id : Id.replace('sha256:', '').slice(0, 12));
  const createdAt = (row: ImageHistoryResponseItem): string =>
    new Date((row.Created ?? 0) * 1000).toISOString().replace('.000Z', 'Z');
  return {
    columns: {
      ID: { header: 'IMAGE', value: id },
      CreatedAt: { header: 'CREATED AT', value: createdAt },
      CreatedSince: {
        header: isHuman ? 'CREATED' : 'CREATED AT',
        value: (row) => (isHuman ? `${formatAge(nowMs / 1000 - (row.Created ?? 0))} ago` : createdAt(row)),
      },
      CreatedBy: {
        header: 'CREATED BY',
        value: ({ CreatedBy = '' }) => {
          const text = CreatedBy.replaceAll('\t', ' ');
          return isWhole || text.length <= 45 ? text : `${text.slice(0, 44)}…`;
        },
      },
      Size: { header: 'SIZE', value: ({ Size = 0 }) => (isHuman ? formatSize(Size) : String(Size)) },
      Comment: { header: 'COMMENT', value: ({ Comment }) => Comment },
    },
    table: ['ID', 'CreatedSince', 'CreatedBy', 'Size', 'Comment'],
    quiet: id,
  };
};

export const history = defineCommand({
  names: ['image history', 'history'],
  summary: 'Show the history of an image',
  usage: '[OPTIONS] IMAGE',
  arity: exactly(1),
  flags: flagTable({
    format: formatFlag,
    human: { type: 'bool', short: 'H', default: true, description: 'Print sizes and dates in human readable format' },
    'no-trunc': { type: 'bool', description: "Don't truncate output" },
    quiet: { type: 'bool', short: 'q', description: 'Only show image IDs' },
  }),
  async run(context, flags, [name = '']) {
    const client = await context.client();
    const rows = await client.json<ImageHistoryResponseItem[]>({
      method: 'GET',
      path: `/images/${encodeURIComponent(name)}/history`,
    });
    context.stdout.write(
      formatList(rows, formatFor(flags['no-trunc'], flags.human, Date.now()), {
        format: flags.format,
        quiet: flags.quiet,
      }),
    );
    return 0;
  },
});

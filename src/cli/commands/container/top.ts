import type { ContainerTopResponse } from '../../../api/index.ts';
import { atLeast, defineCommand } from '../../command.ts';
import { alignColumns } from '../../format/table.ts';

export const top = defineCommand({
  names: ['container top', 'top'],
  summary: 'Display the running processes of a container',
  usage: 'CONTAINER [ps OPTIONS]',
  arity: atLeast(1),
  flags: {},
  stopAtFirstArg: true,
  async run(context, _flags, [name = '', ...psArgs]) {
    const client = await context.client();
    const { Titles, Processes } = await client.json<ContainerTopResponse>({
      method: 'GET',
      path: `/containers/${encodeURIComponent(name)}/top`,
      query: { ps_args: psArgs.length > 0 ? psArgs.join(' ') : undefined },
    });
    context.stdout.write(
      alignColumns(
        [Titles ?? [], ...(Processes ?? [])].map((row) => row.join('\t')),
        20,
      ),
    );
    return 0;
  },
});

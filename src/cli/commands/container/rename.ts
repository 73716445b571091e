import { defineCommand, exactly } from '../../command.ts';

export const rename = defineCommand({
  names: ['container rename', 'rename'],
  summary: 'Rename a container',
  usage: 'CONTAINER NEW_NAME',
  arity: exactly(2),
  flags: {},
  async run(context, _flags, [name = '', newName = '']) {
    const client = await context.client();
    await client.json({
      method: 'POST',
      path: `/containers/${encodeURIComponent(name)}/rename`,
      query: { name: newName },
    });
    return 0;
  },
});

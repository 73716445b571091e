import { defineCommand, exactly } from '../../command.ts';
import { describeError, ExitError } from '../../exit-code.ts';

export const rename = defineCommand({
  names: ['container rename', 'rename'],
  summary: 'Rename a container',
  usage: 'CONTAINER NEW_NAME',
  arity: exactly(2),
  flags: {},
  async run(context, _flags, [name = '', newName = '']) {
    const client = await context.client();
    const path = `/containers/${encodeURIComponent(name)}/rename`;
    await client.json({ method: 'POST', path, query: { name: newName } }).catch((error: unknown) => {
      throw new ExitError(1, `${describeError(error)}\nError: failed to rename container named ${name}`);
    });
    return 0;
  },
});

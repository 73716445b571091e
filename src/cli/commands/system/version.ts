import { defineCommand, exactly } from '../../command.ts';

export const version = defineCommand({
  names: ['version'],
  summary: 'Show the version information',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: {},
  async run(context) {
    const client = await context.client();
    const { Version } = await client.json<{ Version: string }>({ method: 'GET', path: '/version' });
    context.stdout.write(`${Version}\n`);
    return 0;
  },
});

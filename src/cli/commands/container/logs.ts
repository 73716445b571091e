import type { ContainerInspectResponse } from '../../../api/index.ts';
import { demultiplex } from '../../../client/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { flagTable } from '../../flags/spec.ts';
import { parseTimeFlag } from '../../flags/time.ts';

export const logs = defineCommand({
  names: ['container logs', 'logs'],
  summary: 'Fetch the logs of a container',
  usage: '[OPTIONS] CONTAINER',
  arity: exactly(1),
  flags: flagTable({
    details: { type: 'bool', description: 'Show extra details provided to logs' },
    follow: { type: 'bool', short: 'f', description: 'Follow log output' },
    since: {
      type: 'string',
      description: 'Show logs since timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
    tail: {
      type: 'string',
      short: 'n',
      default: 'all',
      description: 'Number of lines to show from the end of the logs',
    },
    timestamps: { type: 'bool', short: 't', description: 'Show timestamps' },
    until: {
      type: 'string',
      description: 'Show logs before a timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)',
    },
  }),
  async run(context, flags, [name = '']) {
    const client = await context.client();
    const path = `/containers/${encodeURIComponent(name)}`;
    const { Config } = await client.json<ContainerInspectResponse>({ method: 'GET', path: `${path}/json` });
    const nowMs = Date.now();
    const answer = await client.stream({
      method: 'GET',
      path: `${path}/logs`,
      query: {
        stdout: true,
        stderr: true,
        details: flags.details,
        follow: flags.follow,
        since: parseTimeFlag('since', flags.since, nowMs),
        until: parseTimeFlag('until', flags.until, nowMs),
        tail: flags.tail,
        timestamps: flags.timestamps,
      },
    });
    if (!Config?.Tty) await demultiplex(answer, context.stdout, context.stderr);
    else for await (const chunk of answer) context.stdout.write(chunk as Buffer);
    return 0;
  },
});

import type { EventMessage } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { inspectFormatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { parseTimeFlag } from '../../flags/time.ts';
import { compileTemplate } from '../../format/template/execute.ts';
import { toJson } from '../../format/template/functions.ts';

/** `2026-11-21T03:14:18.123456789Z`, from nanoseconds that a double holds only to about 256. */
function timeOf(event: EventMessage): string {
  const seconds = event.time ?? 0;
  const nanoseconds = String(Math.max(0, Math.round((event.timeNano ?? 0) - seconds * 1e9)))
    .padStart(9, '0')
    .slice(0, 9);
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${nanoseconds}Z`;
}

function line(event: EventMessage): string {
  const attributes = Object.entries(event.Actor?.Attributes ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const tail = attributes.length > 0 ? ` (${attributes.map(([key, value]) => `${key}=${value}`).join(', ')})` : '';
  return `${timeOf(event)} ${event.Type} ${event.Action} ${event.Actor?.ID}${tail}`;
}

export const events = defineCommand({
  names: ['system events', 'events'],
  summary: 'Get real time events from the server',
  usage: '[OPTIONS]',
  arity: exactly(0),
  examples: ['berth events --since 10m --until 0s', 'berth events -f event=die -f event=oom'],
  flags: flagTable({
    filter: filterFlag,
    format: { type: 'string', description: inspectFormatFlag.description },
    since: { type: 'string', description: 'Show all events created since timestamp' },
    until: { type: 'string', description: 'Stream events until this timestamp' },
  }),
  async run(context, flags) {
    const client = await context.client();
    const nowMs = Date.now();
    const render = !flags.format ? line : flags.format === 'json' ? toJson : compileTemplate(flags.format);
    const messages = client.messages<EventMessage>({
      method: 'GET',
      path: '/events',
      query: {
        since: parseTimeFlag(flags.since, nowMs),
        until: parseTimeFlag(flags.until, nowMs),
        filters: encodeFilters(flags.filter),
      },
    });
    for await (const event of messages) context.stdout.write(`${render(event)}\n`);
    return 0;
  },
});

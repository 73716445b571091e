import type { EventMessage } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { inspectFormatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { parseTimeFlag } from '../../flags/time.ts';
import { compileTemplate } from '../../format/template/execute.ts';
import { toJson } from '../../format/template/functions.ts';

/** `timeNano` beyond a double's digits comes as a bigint. */
type ExactEvent = Omit<EventMessage, 'timeNano'> & { timeNano?: number | bigint };

/** `2026-11-21T03:14:18.123456789Z` */
function timeOf(event: ExactEvent): string {
  const nanoseconds = BigInt(event.timeNano ?? (event.time ?? 0) * 1e9);
  const seconds = new Date(Number(nanoseconds / 1_000_000_000n) * 1000).toISOString().slice(0, 19);
  return `${seconds}.${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`;
}

function line(event: ExactEvent): string {
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
    const render = !flags.format
      ? line
      : flags.format === 'json'
        ? toJson
        : compileTemplate(flags.format, { missing: 'error' });
    const messages = client.messages<ExactEvent>({
      method: 'GET',
      isExact: true,
      path: '/events',
      query: {
        since: parseTimeFlag('since', flags.since, nowMs),
        until: parseTimeFlag('until', flags.until, nowMs),
        filters: encodeFilters(flags.filter),
      },
    });
    for await (const event of messages) context.stdout.write(`${render(event)}\n`);
    return 0;
  },
});

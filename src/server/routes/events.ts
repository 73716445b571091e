import { formatJsonLine, parseFilters } from '../../api/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import { type EventFilter, type Events, eventFilter, legacyFields } from '../../events/index.ts';
import { timestampValue } from '../decode/form.ts';
import type { Exchange, Routes } from '../exchange.ts';
import { openStream } from '../respond.ts';
import { writeChunk } from '../streams/write.ts';

export function eventRoutes(events: Events): Routes {
  return { 'GET /events': (exchange) => follow(events, exchange) };
}

async function follow(events: Events, exchange: Exchange): Promise<void> {
  const { query, signal } = exchange;
  const filter: EventFilter = { matches: eventFilter(parseFilters(query.get('filters'))) };
  const sinceNs = timestampValue(query, 'since');
  const untilNs = timestampValue(query, 'until');
  if (sinceNs !== undefined && untilNs !== undefined && sinceNs > untilNs) {
    const text = `\`since\` time (${query.get('since')}) cannot be after \`until\` time (${query.get('until')})`;
    throw invalidParameter('bad-time-range', text);
  }
  if (sinceNs !== undefined) filter.sinceNs = sinceNs;
  if (untilNs !== undefined) filter.untilNs = untilNs;
  const subscription = events.subscribe(filter, signal);
  const response = openStream(exchange, 'application/json');
  for await (const event of subscription) {
    await writeChunk(response, formatJsonLine({ ...legacyFields(event), ...event }), signal);
    if (signal.aborted) return;
  }
  response.end();
}

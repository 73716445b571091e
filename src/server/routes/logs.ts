import type { Containers } from '../../containers/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import type { LogReadOptions } from '../../logs/index.ts';
import { boolValue, timestampValue } from '../decode/form.ts';
import { type Exchange, param, type Routes } from '../exchange.ts';
import { openStream } from '../respond.ts';
import { streamType } from '../streams/hijack.ts';
import { encodeLogEntries } from '../streams/log-text.ts';
import { writeChunk } from '../streams/write.ts';

export function logRoutes(containers: Containers): Routes {
  return { 'GET /containers/{id}/logs': (exchange) => logs(containers, exchange) };
}

async function logs(containers: Containers, exchange: Exchange): Promise<void> {
  const { query, signal, version } = exchange;
  const options = logOptions(query);
  const { tty, entries } = containers.logs(param(exchange, 'id'), options, signal);
  const format = { tty, timestamps: boolValue(query, 'timestamps'), details: boolValue(query, 'details') };
  const response = openStream(exchange, streamType(version, tty));
  for await (const batch of entries) {
    await writeChunk(response, encodeLogEntries(batch, format), signal);
    if (signal.aborted) return;
  }
  response.end();
}

function logOptions(query: URLSearchParams): LogReadOptions {
  const stdout = boolValue(query, 'stdout');
  const stderr = boolValue(query, 'stderr');
  if (!stdout && !stderr) {
    throw invalidParameter('no-log-stream', 'Bad parameters: you must choose at least one stream');
  }
  const sinceNs = timestampValue(query, 'since');
  const untilNs = timestampValue(query, 'until');
  const tail = tailValue(query.get('tail') ?? 'all');
  return {
    stdout,
    stderr,
    follow: boolValue(query, 'follow'),
    ...(sinceNs !== undefined && sinceNs !== 0n && { sinceNs }),
    ...(untilNs !== undefined && untilNs !== 0n && { untilNs }),
    ...(tail !== undefined && { tail }),
  };
}

/** Whatever is not a count means all, as dockerd has it. */
function tailValue(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

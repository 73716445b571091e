import { parseFilters } from '../../api/index.ts';
import { type Builder, createClassicOutput } from '../../build/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import { buildRequest } from '../decode/build-query.ts';
import { boolValue } from '../decode/form.ts';
import type { Exchange, Routes } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';
import { ProgressStream } from '../streams/progress.ts';

export function buildRoutes(builder: Builder): Routes {
  return {
    'POST /build': (exchange) => build(builder, exchange),
    'POST /build/prune': async (exchange) => {
      const { query } = exchange;
      sendJson(exchange, 200, await builder.prune(parseFilters(query.get('filters')), boolValue(query, 'all')));
    },
    'POST /build/cancel': (exchange) => {
      const id = exchange.query.get('id') ?? '';
      if (id === '') throw invalidParameter('no-build-id', 'build ID not provided');
      sendEmpty(exchange, 204);
    },
  };
}

async function build(builder: Builder, exchange: Exchange): Promise<void> {
  checkContentType(exchange);
  const { query } = exchange;
  const request = buildRequest(query, exchange.request);
  const progress = new ProgressStream(exchange);
  const output = createClassicOutput({
    write: (message) => progress.write(message),
    quiet: request.quiet,
    explain: boolValue(query, 'explain'),
    removeIntermediate: request.removeIntermediate,
    forceRemove: request.forceRemove,
  });
  try {
    await builder.build(request, (event) => output.emit(event), exchange.signal);
  } catch (error) {
    if (!(await output.fail(error))) throw error;
  }
  progress.end();
}

/** A tar, compressed or not; old clients name no type. */
function checkContentType({ request }: Exchange): void {
  const type = request.headers['content-type'];
  if (type === undefined || /^application\/(x-tar|tar|octet-stream|gzip|x-gzip|x-bzip2|x-xz)\b/i.test(type)) return;
  throw invalidParameter('unsupported-content-type', `Content-Type must be application/x-tar (got "${type}")`);
}

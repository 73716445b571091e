import type { ContainerCreateRequest } from '../../api/index.ts';
import { parseFilters } from '../../api/index.ts';
import type { Containers, WaitCondition } from '../../containers/index.ts';
import { invalidParameter, messageOf, notImplemented } from '../../errors/index.ts';
import { isBodyless, readJsonBody } from '../decode/body.ts';
import { boolValue, intValue, sizeValue, textValue } from '../decode/form.ts';
import { CONTAINER_CREATE } from '../decode/requests.ts';
import { type Exchange, param, type Routes } from '../exchange.ts';
import { openStream, sendEmpty, sendJson } from '../respond.ts';
import { containerListShape } from '../version-shape.ts';

export function containerRoutes(containers: Containers): Routes {
  return {
    'GET /containers/json': async (exchange) => {
      const { query, version } = exchange;
      const list = await containers.list({
        all: boolValue(query, 'all'),
        limit: intValue(query, 'limit') ?? 0,
        size: boolValue(query, 'size'),
        filters: parseFilters(query.get('filters')),
      });
      sendJson(exchange, 200, containerListShape(list, version));
    },
    'POST /containers/create': async (exchange) => {
      const request = await readJsonBody(exchange.request, CONTAINER_CREATE, true);
      if (request === undefined || Object.keys(request).length === 0) throw emptyConfig();
      const name = textValue(exchange.query, 'name');
      const platform = textValue(exchange.query, 'platform');
      sendJson(exchange, 201, await containers.create(name, request as ContainerCreateRequest, platform));
    },
    'GET /containers/{id}/json': async (exchange) => {
      const size = boolValue(exchange.query, 'size');
      sendJson(exchange, 200, await containers.inspect(param(exchange, 'id'), { size }));
    },
    'GET /containers/{id}/top': async (exchange) => {
      const psArgs = textValue(exchange.query, 'ps_args') ?? '-ef';
      sendJson(exchange, 200, await containers.top(param(exchange, 'id'), psArgs));
    },
    'POST /containers/{id}/start': async (exchange) => {
      refuseStartBody(exchange);
      if (exchange.query.get('checkpoint'))
        throw notImplemented('checkpoint', 'checkpoints are not supported by Berth');
      sendEmpty(exchange, (await containers.start(param(exchange, 'id'))) ? 204 : 304);
    },
    'POST /containers/{id}/stop': async (exchange) => {
      sendEmpty(exchange, (await containers.stop(param(exchange, 'id'), stopOptions(exchange))) ? 204 : 304);
    },
    'POST /containers/{id}/restart': async (exchange) => {
      await containers.restart(param(exchange, 'id'), stopOptions(exchange));
      sendEmpty(exchange, 204);
    },
    'POST /containers/{id}/kill': async (exchange) => {
      await containers.kill(param(exchange, 'id'), textValue(exchange.query, 'signal') ?? 'SIGKILL');
      sendEmpty(exchange, 204);
    },
    'POST /containers/{id}/pause': async (exchange) => {
      await containers.pause(param(exchange, 'id'));
      sendEmpty(exchange, 204);
    },
    'POST /containers/{id}/unpause': async (exchange) => {
      await containers.unpause(param(exchange, 'id'));
      sendEmpty(exchange, 204);
    },
    'POST /containers/{id}/rename': async (exchange) => {
      const name = exchange.query.get('name') ?? '';
      if (name === '') throw invalidParameter('empty-name', 'Neither old nor new names may be empty');
      await containers.rename(param(exchange, 'id'), name);
      sendEmpty(exchange, 204);
    },
    'POST /containers/{id}/resize': async (exchange) => {
      const height = sizeValue(exchange.query, 'h');
      await containers.resize(param(exchange, 'id'), height, sizeValue(exchange.query, 'w'));
      sendEmpty(exchange, 200);
    },
    'POST /containers/{id}/wait': (exchange) => wait(containers, exchange),
    'DELETE /containers/{id}': async (exchange) => {
      const { query } = exchange;
      await containers.remove(param(exchange, 'id'), {
        force: boolValue(query, 'force'),
        volumes: boolValue(query, 'v'),
        link: boolValue(query, 'link'),
      });
      sendEmpty(exchange, 204);
    },
    'POST /containers/prune': async (exchange) => {
      sendJson(exchange, 200, await containers.prune(parseFilters(exchange.query.get('filters'))));
    },
  };
}

function emptyConfig(): Error {
  return invalidParameter('empty-config', 'config cannot be empty in order to create a container');
}

/** Docker once took a HostConfig here. A body of up to 7 bytes (`null`, `{}`) does no harm. */
function refuseStartBody({ request }: Exchange): void {
  if (isBodyless(request) || Number(request.headers['content-length']) <= 7) return;
  const text = 'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24';
  throw invalidParameter('start-with-body', text);
}

function stopOptions({ query }: Exchange): { signal?: string; timeoutSeconds?: number } {
  const signal = textValue(query, 'signal');
  const timeoutSeconds = intValue(query, 't');
  return { ...(signal !== undefined && { signal }), ...(timeoutSeconds !== undefined && { timeoutSeconds }) };
}

const CONDITIONS: Record<string, WaitCondition> = {
  '': 'not-running',
  'not-running': 'not-running',
  'next-exit': 'next-exit',
  removed: 'removed',
};

/** The head goes out as soon as the wait is registered: `docker run` starts the container only when it has seen it. */
async function wait(containers: Containers, exchange: Exchange): Promise<void> {
  const asked = exchange.query.get('condition') ?? '';
  const condition = Object.hasOwn(CONDITIONS, asked) ? CONDITIONS[asked] : undefined;
  if (condition === undefined) {
    throw invalidParameter('bad-wait-condition', `invalid condition: ${JSON.stringify(asked)}`);
  }
  const ended = containers.wait(param(exchange, 'id'), condition, exchange.signal);
  // A refusal (no such container) is there at once, and is still an HTTP error.
  await Promise.race([ended, new Promise((resolve) => setImmediate(resolve))]);
  const response = openStream(exchange, 'application/json');
  const outcome = await ended.catch((error: unknown) => ({ StatusCode: 0, Error: { Message: messageOf(error) } }));
  response.end(`${JSON.stringify(outcome)}\n`);
}

import { isBefore, parseFilters, type VolumeCreateOptions } from '../../api/index.ts';
import { unavailable } from '../../errors/index.ts';
import type { Volumes } from '../../volumes/index.ts';
import { readJsonBody } from '../decode/body.ts';
import { boolValue } from '../decode/form.ts';
import { VOLUME_CREATE } from '../decode/requests.ts';
import { param, type Routes } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';

export function volumeRoutes(volumes: Volumes): Routes {
  return {
    'GET /volumes': async (exchange) => {
      sendJson(exchange, 200, await volumes.list(parseFilters(exchange.query.get('filters'))));
    },
    'POST /volumes/create': async (exchange) => {
      const request = (await readJsonBody(exchange.request, VOLUME_CREATE)) ?? {};
      sendJson(exchange, 201, await volumes.create(request as VolumeCreateOptions));
    },
    'GET /volumes/{name}': async (exchange) => {
      sendJson(exchange, 200, await volumes.inspect(param(exchange, 'name')));
    },
    'PUT /volumes/{name}': () => {
      throw unavailable('no-swarm', 'volume update only valid for cluster volumes, but swarm is unavailable');
    },
    'DELETE /volumes/{name}': async (exchange) => {
      await volumes.remove(param(exchange, 'name'), boolValue(exchange.query, 'force'));
      sendEmpty(exchange, 204);
    },
    'POST /volumes/prune': async (exchange) => {
      const filters = parseFilters(exchange.query.get('filters'));
      // Named volumes were pruned too before there was a word for it.
      if (isBefore(exchange.version, '1.42')) filters.all ??= ['true'];
      sendJson(exchange, 200, await volumes.prune(filters));
    },
  };
}

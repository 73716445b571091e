import { parseFilters } from '../../api/index.ts';
import type { Networks } from '../../networks/index.ts';
import { readJsonBody } from '../decode/body.ts';
import { NETWORK_CREATE } from '../decode/requests.ts';
import { type Handler, param, type Routes } from '../exchange.ts';
import { sendEmpty, sendJson } from '../respond.ts';

export function networkRoutes(networks: Networks): Routes {
  const list: Handler = async (exchange) => {
    sendJson(exchange, 200, await networks.list(parseFilters(exchange.query.get('filters'))));
  };
  return {
    'GET /networks': list,
    'GET /networks/': list,
    'GET /networks/{id}': async (exchange) => {
      sendJson(exchange, 200, await networks.inspect(param(exchange, 'id')));
    },
    'POST /networks/create': async (exchange) => {
      const request = (await readJsonBody(exchange.request, NETWORK_CREATE)) ?? {};
      sendJson(exchange, 201, await networks.create(request));
    },
    'DELETE /networks/{id}': async (exchange) => {
      await networks.remove(param(exchange, 'id'));
      sendEmpty(exchange, 204);
    },
  };
}

import type { System } from '../../system/index.ts';
import type { Exchange, Routes } from '../exchange.ts';
import { sendJson } from '../respond.ts';

export function systemRoutes(system: System): Routes {
  return {
    'GET /_ping': (exchange) => ping(exchange, 'OK'),
    'HEAD /_ping': (exchange) => ping(exchange, ''),
    'GET /version': (exchange) => sendJson(exchange, 200, system.version()),
    'GET /info': async (exchange) => sendJson(exchange, 200, await system.info()),
  };
}

function ping({ response }: Exchange, body: string): void {
  response.writeHead(200, {
    'Builder-Version': '1',
    'Cache-Control': 'no-cache, no-store, must-revalidate',
    Pragma: 'no-cache',
    Swarm: 'inactive',
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
  });
  response.end(body);
}

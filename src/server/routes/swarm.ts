import { ENDPOINTS, endpointKey, type Noun } from '../../api/index.ts';
import { notFound, notImplemented, unavailable } from '../../errors/index.ts';
import { param, type Routes } from '../exchange.ts';
import { sendJson } from '../respond.ts';

const NOT_A_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and ' +
  'try again.';
const SWARM_NOUNS: ReadonlySet<Noun> = new Set(['swarm', 'node', 'service', 'task', 'secret', 'config']);

/** Berth is never part of a swarm and has no plugins: these answers are the whole truth about both. */
export function swarmRoutes(): Routes {
  const routes: Routes = {};
  for (const row of ENDPOINTS) {
    if (!SWARM_NOUNS.has(row.noun)) continue;
    routes[endpointKey(row)] = () => {
      throw unavailable('not-a-swarm-manager', NOT_A_MANAGER);
    };
  }
  routes['POST /swarm/leave'] = () => {
    throw unavailable('not-in-a-swarm', 'This node is not part of a swarm');
  };
  for (const key of ['POST /swarm/init', 'POST /swarm/join'] as const) {
    routes[key] = () => {
      throw notImplemented('swarm-not-supported', 'swarm mode is not supported by Berth');
    };
  }
  return routes;
}

export function pluginRoutes(): Routes {
  return {
    'GET /plugins': (exchange) => sendJson(exchange, 200, []),
    'GET /plugins/{name}/json': (exchange) => {
      throw notFound('no-such-plugin', `plugin ${JSON.stringify(param(exchange, 'name'))} not found`);
    },
  };
}

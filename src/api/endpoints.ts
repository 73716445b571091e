/**
 * Every operation of the Engine API 1.24–1.51, in the order of its reference: server, client, docs and the conformance
 * test read the same rows. `since` is the first version that documents the row (dockerd routes a row whatever version
 * the path names, and so do we). `{name}` takes slashes (image names), `{id}` does too, as dockerd's routes do.
 * `stream` says what a connection becomes: `hijack` (raw bytes both ways), `h2c` (HTTP/2), `websocket`.
 */
export const ENDPOINTS = [
  { method: 'GET', path: '/containers/json', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/create', since: '1.24', noun: 'container' },
  { method: 'GET', path: '/containers/{id}/json', since: '1.24', noun: 'container' },
  { method: 'GET', path: '/containers/{id}/top', since: '1.24', noun: 'container' },
  { method: 'GET', path: '/containers/{id}/logs', since: '1.24', noun: 'container' },
  { method: 'GET', path: '/containers/{id}/changes', since: '1.24', noun: 'container' },
  { method: 'GET', path: '/containers/{id}/export', since: '1.24', noun: 'container' },
  { method: 'GET', path: '/containers/{id}/stats', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/resize', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/start', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/stop', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/restart', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/kill', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/update', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/rename', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/pause', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/unpause', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/attach', since: '1.24', noun: 'container', stream: 'hijack' },
  { method: 'GET', path: '/containers/{id}/attach/ws', since: '1.24', noun: 'container', stream: 'websocket' },
  { method: 'POST', path: '/containers/{id}/wait', since: '1.24', noun: 'container' },
  { method: 'DELETE', path: '/containers/{id}', since: '1.24', noun: 'container' },
  { method: 'HEAD', path: '/containers/{id}/archive', since: '1.24', noun: 'container' },
  { method: 'GET', path: '/containers/{id}/archive', since: '1.24', noun: 'container' },
  { method: 'PUT', path: '/containers/{id}/archive', since: '1.24', noun: 'container' },
  { method: 'POST', path: '/containers/prune', since: '1.25', noun: 'container' },

  { method: 'GET', path: '/images/json', since: '1.24', noun: 'image' },
  { method: 'POST', path: '/build', since: '1.24', noun: 'image' },
  { method: 'POST', path: '/build/prune', since: '1.31', noun: 'image' },
  { method: 'POST', path: '/images/create', since: '1.24', noun: 'image' },
  { method: 'GET', path: '/images/{name}/json', since: '1.24', noun: 'image' },
  { method: 'GET', path: '/images/{name}/history', since: '1.24', noun: 'image' },
  { method: 'POST', path: '/images/{name}/push', since: '1.24', noun: 'image' },
  { method: 'POST', path: '/images/{name}/tag', since: '1.24', noun: 'image' },
  { method: 'DELETE', path: '/images/{name}', since: '1.24', noun: 'image' },
  { method: 'GET', path: '/images/search', since: '1.24', noun: 'image' },
  { method: 'POST', path: '/images/prune', since: '1.25', noun: 'image' },
  { method: 'POST', path: '/commit', since: '1.24', noun: 'image' },
  { method: 'GET', path: '/images/{name}/get', since: '1.24', noun: 'image' },
  { method: 'GET', path: '/images/get', since: '1.24', noun: 'image' },
  { method: 'POST', path: '/images/load', since: '1.24', noun: 'image' },

  { method: 'POST', path: '/auth', since: '1.24', noun: 'system' },
  { method: 'GET', path: '/info', since: '1.24', noun: 'system' },
  { method: 'GET', path: '/version', since: '1.24', noun: 'system' },
  { method: 'GET', path: '/_ping', since: '1.24', noun: 'system' },
  { method: 'HEAD', path: '/_ping', since: '1.40', noun: 'system' },
  { method: 'GET', path: '/events', since: '1.24', noun: 'system' },
  { method: 'GET', path: '/system/df', since: '1.25', noun: 'system' },

  { method: 'POST', path: '/containers/{id}/exec', since: '1.24', noun: 'exec' },
  { method: 'POST', path: '/exec/{id}/start', since: '1.24', noun: 'exec', stream: 'hijack' },
  { method: 'POST', path: '/exec/{id}/resize', since: '1.24', noun: 'exec' },
  { method: 'GET', path: '/exec/{id}/json', since: '1.24', noun: 'exec' },

  { method: 'GET', path: '/volumes', since: '1.24', noun: 'volume' },
  { method: 'POST', path: '/volumes/create', since: '1.24', noun: 'volume' },
  { method: 'GET', path: '/volumes/{name}', since: '1.24', noun: 'volume' },
  { method: 'PUT', path: '/volumes/{name}', since: '1.42', noun: 'volume' },
  { method: 'DELETE', path: '/volumes/{name}', since: '1.24', noun: 'volume' },
  { method: 'POST', path: '/volumes/prune', since: '1.25', noun: 'volume' },

  { method: 'GET', path: '/networks', since: '1.24', noun: 'network' },
  { method: 'GET', path: '/networks/{id}', since: '1.24', noun: 'network' },
  { method: 'DELETE', path: '/networks/{id}', since: '1.24', noun: 'network' },
  { method: 'POST', path: '/networks/create', since: '1.24', noun: 'network' },
  { method: 'POST', path: '/networks/{id}/connect', since: '1.24', noun: 'network' },
  { method: 'POST', path: '/networks/{id}/disconnect', since: '1.24', noun: 'network' },
  { method: 'POST', path: '/networks/prune', since: '1.25', noun: 'network' },

  { method: 'GET', path: '/plugins', since: '1.25', noun: 'plugin' },
  { method: 'GET', path: '/plugins/privileges', since: '1.25', noun: 'plugin' },
  { method: 'POST', path: '/plugins/pull', since: '1.25', noun: 'plugin' },
  { method: 'GET', path: '/plugins/{name}/json', since: '1.25', noun: 'plugin' },
  { method: 'DELETE', path: '/plugins/{name}', since: '1.25', noun: 'plugin' },
  { method: 'POST', path: '/plugins/{name}/enable', since: '1.25', noun: 'plugin' },
  { method: 'POST', path: '/plugins/{name}/disable', since: '1.25', noun: 'plugin' },
  { method: 'POST', path: '/plugins/{name}/upgrade', since: '1.26', noun: 'plugin' },
  { method: 'POST', path: '/plugins/create', since: '1.25', noun: 'plugin' },
  { method: 'POST', path: '/plugins/{name}/push', since: '1.25', noun: 'plugin' },
  { method: 'POST', path: '/plugins/{name}/set', since: '1.25', noun: 'plugin' },

  { method: 'GET', path: '/nodes', since: '1.24', noun: 'node' },
  { method: 'GET', path: '/nodes/{id}', since: '1.24', noun: 'node' },
  { method: 'DELETE', path: '/nodes/{id}', since: '1.24', noun: 'node' },
  { method: 'POST', path: '/nodes/{id}/update', since: '1.24', noun: 'node' },

  { method: 'GET', path: '/swarm', since: '1.24', noun: 'swarm' },
  { method: 'POST', path: '/swarm/init', since: '1.24', noun: 'swarm' },
  { method: 'POST', path: '/swarm/join', since: '1.24', noun: 'swarm' },
  { method: 'POST', path: '/swarm/leave', since: '1.24', noun: 'swarm' },
  { method: 'POST', path: '/swarm/update', since: '1.24', noun: 'swarm' },
  { method: 'GET', path: '/swarm/unlockkey', since: '1.25', noun: 'swarm' },
  { method: 'POST', path: '/swarm/unlock', since: '1.25', noun: 'swarm' },

  { method: 'GET', path: '/services', since: '1.24', noun: 'service' },
  { method: 'POST', path: '/services/create', since: '1.24', noun: 'service' },
  { method: 'GET', path: '/services/{id}', since: '1.24', noun: 'service' },
  { method: 'DELETE', path: '/services/{id}', since: '1.24', noun: 'service' },
  { method: 'POST', path: '/services/{id}/update', since: '1.24', noun: 'service' },
  { method: 'GET', path: '/services/{id}/logs', since: '1.29', noun: 'service' },

  { method: 'GET', path: '/tasks', since: '1.24', noun: 'task' },
  { method: 'GET', path: '/tasks/{id}', since: '1.24', noun: 'task' },
  { method: 'GET', path: '/tasks/{id}/logs', since: '1.29', noun: 'task' },

  { method: 'GET', path: '/secrets', since: '1.25', noun: 'secret' },
  { method: 'POST', path: '/secrets/create', since: '1.25', noun: 'secret' },
  { method: 'GET', path: '/secrets/{id}', since: '1.25', noun: 'secret' },
  { method: 'DELETE', path: '/secrets/{id}', since: '1.25', noun: 'secret' },
  { method: 'POST', path: '/secrets/{id}/update', since: '1.26', noun: 'secret' },

  { method: 'GET', path: '/configs', since: '1.30', noun: 'config' },
  { method: 'POST', path: '/configs/create', since: '1.30', noun: 'config' },
  { method: 'GET', path: '/configs/{id}', since: '1.30', noun: 'config' },
  { method: 'DELETE', path: '/configs/{id}', since: '1.30', noun: 'config' },
  { method: 'POST', path: '/configs/{id}/update', since: '1.30', noun: 'config' },

  { method: 'GET', path: '/distribution/{name}/json', since: '1.30', noun: 'distribution' },

  { method: 'POST', path: '/session', since: '1.31', noun: 'session', stream: 'h2c' },
] as const;

/** Routes that dockerd serves beside its description. */
export const UNDOCUMENTED_ENDPOINTS = [
  { method: 'POST', path: '/grpc', since: '1.31', noun: 'session', stream: 'h2c' },
  { method: 'POST', path: '/build/cancel', since: '1.39', noun: 'image' },
  { method: 'GET', path: '/networks/', since: '1.24', noun: 'network' },
  { method: 'GET', path: '/containers/{id}/checkpoints', since: '1.25', noun: 'container' },
  { method: 'POST', path: '/containers/{id}/checkpoints', since: '1.25', noun: 'container' },
  { method: 'DELETE', path: '/containers/{id}/checkpoints/{checkpoint}', since: '1.25', noun: 'container' },
] as const;

type Row = (typeof ENDPOINTS)[number] | (typeof UNDOCUMENTED_ENDPOINTS)[number];

export type Method = Row['method'];
export type Noun = Row['noun'];

/** `METHOD /path`: the key of a row, as handlers and tests name it. */
export type EndpointKey = { [K in Row as `${K['method']} ${K['path']}`]: true } extends infer Keys ? keyof Keys : never;

export interface Endpoint {
  method: Method;
  path: string;
  since: string;
  noun: Noun;
  stream?: 'hijack' | 'h2c' | 'websocket';
}

export function endpointKey(row: Pick<Endpoint, 'method' | 'path'>): EndpointKey {
  return `${row.method} ${row.path}` as EndpointKey;
}

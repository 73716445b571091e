import type { Routes } from '../exchange.ts';
import type { Rooms } from '../needs.ts';
import { archiveRoutes } from './archive.ts';
import { attachRoutes } from './attach.ts';
import { buildRoutes } from './build.ts';
import { containerRoutes } from './containers.ts';
import { eventRoutes } from './events.ts';
import { execRoutes } from './exec.ts';
import { imageRoutes } from './images.ts';
import { logRoutes } from './logs.ts';
import { networkRoutes } from './networks.ts';
import { pluginRoutes, swarmRoutes } from './swarm.ts';
import { systemRoutes } from './system.ts';
import { unsupportedRoutes } from './unsupported.ts';
import { volumeRoutes } from './volumes.ts';

/** Handlers by row; a row without one answers 501. `serverHeaders` are the lines of a raw head. */
export function createRoutes(rooms: Rooms, serverHeaders: string): Routes {
  return {
    ...containerRoutes(rooms.containers),
    ...archiveRoutes(rooms.containers),
    ...attachRoutes(rooms.containers, serverHeaders),
    ...execRoutes(rooms.containers, serverHeaders),
    ...logRoutes(rooms.containers),
    ...imageRoutes(rooms.images),
    ...buildRoutes(rooms.builder),
    ...volumeRoutes(rooms.volumes),
    ...networkRoutes(rooms.networks),
    ...eventRoutes(rooms.events),
    ...systemRoutes(rooms.system),
    ...swarmRoutes(),
    ...pluginRoutes(),
    ...unsupportedRoutes(),
  };
}

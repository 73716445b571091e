import { notImplemented } from '../../errors/index.ts';
import type { Handler, Routes } from '../exchange.ts';

const CHECKPOINT =
  'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it.';

/** Rows that are not built yet and whose plain "not supported yet" would leave the user without a way on. */
export function unsupportedRoutes(): Routes {
  return {
    'POST /session': refuse('BuildKit sessions are not supported yet by Berth: build with DOCKER_BUILDKIT=0'),
    'POST /grpc': refuse('the BuildKit API is not supported yet by Berth: build with DOCKER_BUILDKIT=0'),
    'GET /containers/{id}/checkpoints': refuse(CHECKPOINT),
    'POST /containers/{id}/checkpoints': refuse(CHECKPOINT),
    'DELETE /containers/{id}/checkpoints/{checkpoint}': refuse(CHECKPOINT),
  };
}

function refuse(message: string): Handler {
  return () => {
    throw notImplemented('endpoint-not-supported', message);
  };
}

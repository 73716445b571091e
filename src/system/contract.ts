import type { SystemInfo, SystemVersion } from '../api/index.ts';

/** What this engine is and what it stands on, as `docker version` and `docker info` show it. */
export interface System {
  version(): SystemVersion;
  info(): Promise<SystemInfo>;
}

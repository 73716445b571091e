import type { Events } from '../events/index.ts';
import type { Images } from '../images/index.ts';
import type { LogConfig, Logs } from '../logs/index.ts';
import type { Networks } from '../networks/index.ts';
import type { Runtime } from '../runtime/index.ts';
import type { Layers, Metadata, Snapshots } from '../store/index.ts';
import type { Volumes } from '../volumes/index.ts';

export interface ContainersConfig {
  /** For containers that name none. Default: the log room's own. */
  logConfig?: LogConfig;
  /** The daemon-wide switch; a container's own `no-new-privileges` wins. */
  noNewPrivileges?: boolean;
  /** `builtin` (default), `unconfined`, or a profile's JSON. */
  seccompProfile?: string;
  /** `--init` for containers that do not say. */
  init?: boolean;
  /** A static init program. Default `/usr/bin/tini-static`. */
  initPath?: string;
  /** Limits of containers that do not set them; `nofile` should be what the daemon was started with. */
  ulimits?: { name: string; soft: number; hard: number }[];
  shmSizeBytes?: number;
  cgroupParent?: string;
  /** The host's CA bundle for `berth.host-ca`. Default: the first usual place that exists. */
  hostCaBundle?: string;
  /** Stop timeout of containers that set none. Default 10. */
  stopTimeoutSeconds?: number;
}

export interface ContainersNeeds {
  images: Pick<Images, 'get' | 'find' | 'names'>;
  snapshots: Snapshots;
  layers: Layers;
  runtime: Runtime;
  networks: Networks;
  volumes: Volumes;
  logs: Logs;
  events: Pick<Events, 'publish'>;
  metadata: Metadata;
  /** `data`: `containers/<id>/` below it; `exec`: `mounts/` and `steps/` below it, gone with a reboot. */
  dirs: { data: string; exec: string };
  /** Milliseconds since 1970, with fraction where there is one. */
  now(): number;
  /** 64 hex digits. */
  newId(): string;
  config: ContainersConfig;
  /** What an operator should know but nobody waits for. */
  warn?(message: string): void;
}

import type { ContainerConfig, EndpointSettings, HostConfig } from '../api/index.ts';
import type { Status } from './state.ts';

/** One mount of a container, resolved at create; what `inspect` shows and the spec is built from. */
export interface MountRecord {
  type: 'bind' | 'volume' | 'tmpfs';
  destination: string;
  /** Host folder or file of a bind; '' for volumes (see `name`) and tmpfs. */
  source: string;
  /** Volume name. */
  name: string;
  driver: string;
  /** As written: `ro,z`. */
  mode: string;
  writable: boolean;
  propagation: string;
  /** `bind` alone instead of `rbind`. */
  isNonRecursive: boolean;
  /** Read-only of the top mount only. */
  isReadOnlyNonRecursive: boolean;
  isReadOnlyForceRecursive: boolean;
  /** Volumes: fill it from the image when it is empty. */
  copyUp: boolean;
  /** Binds: make the source folder if it is missing. */
  createSource: boolean;
  /** Tmpfs: the options after Docker's defaults. */
  tmpfsOptions: string[];
  /** An anonymous volume: removed with the container when asked. */
  isAnonymous: boolean;
}

export interface StateRecord {
  status: Status;
  exitCode: number;
  error: string;
  oomKilled: boolean;
  /** RFC 3339 with nanoseconds; ZERO_TIME when it never happened. */
  startedAt: string;
  finishedAt: string;
}

/**
 * What is written to the metadata store, bucket `containers`, key = id. A container without a record does not exist: its
 * folder and snapshot are swept at restore. The network sandbox is kept beside the running process instead
 * (`<exec root>/containers/<id>/sandbox.json`), because it dies with a reboot as the process does.
 */
export interface ContainerRecord {
  version: 1;
  id: string;
  name: string;
  created: string;
  imageId: string;
  /** What a container is started with: entrypoint and command joined. */
  path: string;
  args: string[];
  config: ContainerConfig;
  hostConfig: HostConfig;
  endpoints: Record<string, EndpointSettings>;
  mounts: MountRecord[];
  state: StateRecord;
  restartCount: number;
  isManuallyStopped: boolean;
}

export const BUCKET = 'containers';
export const ZERO_TIME = '0001-01-01T00:00:00Z';

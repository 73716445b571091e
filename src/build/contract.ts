import type { Digest } from '../oci/index.ts';

/** `POST /build`, decoded. */
export interface BuildRequest {
  dockerfile: string;
  /** The context as a tar; read once. */
  context: AsyncIterable<Uint8Array>;
  /** `remote=`: a Dockerfile or tarball URL, or git: not supported yet. */
  remote?: string;
  tags: string[];
  quiet: boolean;
  noCache: boolean;
  pull: boolean;
  removeIntermediate: boolean;
  forceRemove: boolean;
  target: string;
  platform?: string;
  buildArgs: Record<string, string | null>;
  labels: Record<string, string>;
  networkMode: string;
  extraHosts: string[];
  cacheFrom: string[];
  shmSizeBytes: number;
  limits: {
    memoryBytes?: number;
    memorySwapBytes?: number;
    cpuShares?: number;
    cpuPeriod?: number;
    cpuQuota?: number;
    cpusetCpus?: string;
    cpusetMems?: string;
    cgroupParent?: string;
    ulimits?: { name: string; soft: number; hard: number }[];
  };
  hostCa: boolean;
  squash: boolean;
}

/** Why a step was a cache hit or a miss, in words a user understands; kept with the step. */
export interface CacheReason {
  hit: boolean;
  reason: string;
}

/** Progress of a build, in order of happening; the edge renders it (classic lines, terminal, json). */
export type BuildEvent =
  | { type: 'plan'; steps: { step: number; total: number; stage: string; original: string }[] }
  | { type: 'step-started'; step: number }
  | { type: 'step-cached'; step: number; id: string; cache: CacheReason }
  | { type: 'step-running'; step: number; containerId: string; cache: CacheReason }
  | { type: 'step-output'; step: number; stream: 'stdout' | 'stderr'; data: Buffer }
  | { type: 'step-removed'; step: number; containerId: string }
  | { type: 'step-done'; step: number; id: string; durationMs: number }
  | { type: 'warning'; message: string; step?: number }
  | { type: 'built'; imageId: Digest }
  | { type: 'tagged'; name: string };

export interface Builder {
  /** Builds, records and tags. A failure is an EngineError; `detail.range` and `detail.suggestion` where they are known. */
  build(request: BuildRequest, emit: (event: BuildEvent) => void | Promise<void>, signal: AbortSignal): Promise<Digest>;
  prune(
    filters: Record<string, string[]>,
    all: boolean,
  ): Promise<{ CachesDeleted: string[] | null; SpaceReclaimed: number }>;
}

import type { BuildCache } from '../api/index.ts';
import type { Digest } from '../oci/index.ts';
import type { SnapshotKey } from '../store/index.ts';

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

/** One line of the plan: the reached stages' instructions, numbered from 1 in Dockerfile order. */
export interface PlannedStep {
  step: number;
  total: number;
  /** Its stage as shown; '' for an ARG before the first FROM. */
  stage: string;
  original: string;
  /** The stage's last: `stage-built` follows its `step-done`. */
  endsStage: boolean;
}

/**
 * Progress of a build, in order of happening; the edge renders it (classic lines, terminal, json). Ids are whole
 * (`sha256:…` of the image config as it stands after the step; '' for an empty root file system).
 */
export type BuildEvent =
  | { type: 'plan'; steps: PlannedStep[] }
  | { type: 'step-started'; step: number }
  /** A line about the step, as the classic builder has it (`# Executing 2 build triggers`). */
  | { type: 'step-note'; step: number; message: string }
  /** `step-done` follows. A FROM with triggers has several of these and of `step-running`. */
  | { type: 'step-cached'; step: number; id: string; cache: CacheReason }
  /** `containerId` is '' where the classic builder starts none (COPY, ADD). */
  | { type: 'step-running'; step: number; containerId: string; cache: CacheReason }
  | { type: 'step-output'; step: number; stream: 'stdout' | 'stderr'; data: Buffer }
  /** `didFail`: the step's process failed; the build ends. */
  | { type: 'step-removed'; step: number; containerId: string; didFail: boolean }
  | { type: 'step-done'; step: number; id: string; durationMs: number }
  /** After the last step of a stage; '' when there is nothing in it (`FROM scratch` alone). */
  | { type: 'stage-built'; step: number; imageId: Digest | '' }
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
  /** Does a build that runs now stand on this committed layer? Then it is not to be removed, image or not. */
  isSnapshotUsed(key: SnapshotKey): boolean;
  /** The cache's records, for `system df` and `docker builder du`. */
  cacheRecords(): Promise<BuildCache[]>;
  /** Once at daemon start, before the first build: removes what a killed daemon left (mounts, folders, snapshots). */
  sweep(): Promise<void>;
}

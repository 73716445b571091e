import type { Images } from '../images/index.ts';
import type { Platform } from '../oci/index.ts';
import type { Layers, Metadata, Snapshots } from '../store/index.ts';

/**
 * A `RUN` step, as `containers` offers it: equal rank, so its shape is restated here and matched in `daemon/assemble.ts`.
 * Whoever runs it leaves nothing of its own in `rootfs` (mount points it made are gone, folder times are back): what is
 * there afterwards becomes the layer.
 */
export interface StepProcess {
  id: string;
  rootfs: string;
  args: string[];
  env: string[];
  cwd: string;
  user: string;
  networkMode: string;
  extraHosts: string[];
  hostname?: string;
  shmSizeBytes?: number;
  limits: {
    memoryBytes?: number;
    memorySwapBytes?: number;
    cpuShares?: number;
    cpuPeriod?: number;
    cpuQuota?: number;
    cpusetCpus?: string;
    cpusetMems?: string;
    ulimits?: { name: string; soft: number; hard: number }[];
    cgroupParent?: string;
  };
  hostCa: boolean;
  extraMounts: { source: string; target: string; readOnly: boolean }[];
  output(stream: 'stdout' | 'stderr', chunk: Buffer): void | Promise<void>;
}

export type RunStep = (request: StepProcess, signal: AbortSignal) => Promise<{ exitCode: number; oomKilled: boolean }>;

export interface BuilderNeeds {
  images: Pick<Images, 'find' | 'add' | 'tag' | 'list'>;
  snapshots: Snapshots;
  layers: Layers;
  metadata: Metadata;
  /** Starts a process with a container's confinement on a mounted root and waits for it. */
  runStep: RunStep;
  /** A folder that only the builder uses; contexts and mount points live in it while a build runs. */
  tempDir: string;
  now(): number;
  /** 64 hex digits. */
  newId(): string;
  /** What this machine builds for. */
  platform: Platform;
  /** `builder.host-ca` of the daemon's configuration: every build gets the host's certificates. */
  isHostCa?: boolean;
}

import type { Events } from '../events/index.ts';
import type { Digest, ImageRunConfig, Platform } from '../oci/index.ts';
import type { ContentStore, Layers, Metadata, SnapshotKey, Snapshots } from '../store/index.ts';

/** A container that was made from an image. */
export interface ContainerUse {
  id: string;
  name: string;
  isRunning: boolean;
}

export interface ImageNeeds {
  content: ContentStore;
  snapshots: Snapshots;
  layers: Layers;
  metadata: Metadata;
  events: Events;
  /** Unix time in milliseconds. */
  now(): number;
  containersUsing(imageId: Digest): ContainerUse[];
  /** Dockerfile instructions applied to a config (`import --change`). */
  applyChanges(config: ImageRunConfig, changes: string[]): ImageRunConfig;
  /** What this machine runs. */
  platform: Platform;
  /** Where archives that are being loaded lie, in private folders; of this daemon alone, swept at start. Default: the system's, not swept. */
  tempDir?: string;
  /**
   * Does another room (a running build) need this committed layer although no image has it? It is asked again at each sweep.
   * Default: no.
   */
  isSnapshotUsed?(key: SnapshotKey): boolean;
  /** What an operator should know but nobody waits for. */
  warn?(message: string): void;
}

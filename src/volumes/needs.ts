import type { Events } from '../events/index.ts';
import type { Layers, Metadata } from '../store/index.ts';

export interface VolumeNeeds {
  /** Holds one folder a volume. */
  dir: string;
  metadata: Metadata;
  layers: Pick<Layers, 'copy' | 'stat'>;
  events: Events;
  host: VolumeMounts;
  /** Unix time in milliseconds. */
  now(): number;
  /** 64 hex digits. Default: random. */
  newName?(): string;
}

/** The mount calls of `host`. */
export interface VolumeMounts {
  mount(source: string, target: string, type: string, flags?: number, data?: string): void;
  /** Detaches the top mount; false when there was none. */
  unmount(target: string): boolean;
  mountsBelow(folder: string): string[];
}

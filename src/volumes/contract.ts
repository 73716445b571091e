import type { Volume, VolumeCreateOptions } from '../api/index.ts';

export interface VolumesPruned {
  VolumesDeleted: string[] | null;
  SpaceReclaimed: number;
}

/** Named and anonymous volumes of the `local` driver. */
export interface Volumes {
  /** A name that exists is given back as it is, whatever the options (as Docker does; Compose compares them itself). No name: an anonymous one. */
  create(request: VolumeCreateOptions & { isAnonymous?: boolean }): Promise<Volume>;
  list(filters: Record<string, string[]>): Promise<{ Volumes: Volume[] | null; Warnings: string[] | null }>;
  /** @throws not-found `no-such-volume` */
  inspect(name: string): Promise<Volume>;
  /** @throws conflict `volume-in-use` */
  remove(name: string, force: boolean): Promise<void>;
  prune(filters: Record<string, string[]>): Promise<VolumesPruned>;

  /** Marks `name` as used by a container (durable with the container's own record: re-acquired at restore). */
  acquire(name: string, containerId: string): void;
  release(name: string, containerId: string): void;
  users(name: string): string[];
  isAnonymous(name: string): boolean;
  /** The folder to bind, made ready (options mounted) while at least one container runs with it. One `unmount` for each call. */
  mountpoint(name: string, containerId: string, use?: VolumeUse): Promise<string>;
  unmount(name: string, containerId: string): Promise<void>;
  /** Copy-up: fills an empty volume from `path` inside a mounted root file system, owner and mode of the folder included. */
  populate(name: string, root: string, path: string): Promise<void>;
  /** Bytes on disk, for `system df`. */
  size(name: string): Promise<number>;
}

/** How a container uses a volume, for the `mount` event. */
export interface VolumeUse {
  destination: string;
  isWritable: boolean;
  propagation?: string;
}

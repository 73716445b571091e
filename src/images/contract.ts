import type { Readable } from 'node:stream';
import type { ImageDeleteResponseItem, ImageHistoryResponseItem, ImageInspect, ImageSummary } from '../api/index.ts';
import type { Descriptor, Digest, ImageConfigFile } from '../oci/index.ts';
import type { SnapshotKey } from '../store/index.ts';

/** One layer of an image that is on this machine. */
export interface ImageLayer {
  diffId: Digest;
  /** The committed snapshot: the chain id. */
  snapshot: SnapshotKey;
  /** The blob it came from, byte for byte; absent for layers built here (made when something first asks for it). */
  blob?: Descriptor;
  sizeBytes: number;
}

export interface Image {
  /** Digest of the config's exact bytes: what the API calls Id. */
  id: Digest;
  config: ImageConfigFile;
  layers: ImageLayer[];
  /** Manifest or index exactly as received or built, when there is one. */
  target?: Descriptor;
  /** Image it was built from in a classic build (for ParentId), if any. */
  parent?: Digest;
  sizeBytes: number;
}

/** A progress message of load, import or pull, as Docker streams it. */
export interface ImageProgress {
  id?: string;
  status?: string;
  stream?: string;
  progressDetail?: { current?: number; total?: number };
  aux?: unknown;
}

export interface ImportRequest {
  source: AsyncIterable<Uint8Array>;
  repository?: string;
  tag?: string;
  message?: string;
  /** Dockerfile instructions (`CMD […]`, `ENV …`) to apply to the config. */
  changes: string[];
  platform?: string;
}

export interface ImagesPruned {
  ImagesDeleted: ImageDeleteResponseItem[] | null;
  SpaceReclaimed: number;
}

export interface Images {
  /** By name, `name:tag`, `name@digest`, id or unambiguous id prefix. @throws not-found `no-such-image` with Docker's text */
  get(nameOrId: string): Image;
  find(nameOrId: string): Image | undefined;
  /** Familiar names (`busybox:latest`) of an image, sorted. */
  names(id: Digest): string[];
  /** Every image, in no order. */
  all(): Image[];
  /** Records a built image: its config bytes and its layers (their snapshots are committed and synced). Idempotent. Durable. */
  add(image: { configBytes: Uint8Array; layers: ImageLayer[]; parent?: Digest; target?: Descriptor }): Promise<Image>;
  tag(nameOrId: string, repository: string, tag: string): Promise<void>;
  list(options: { all: boolean; filters: Record<string, string[]>; sharedSize: boolean }): Promise<ImageSummary[]>;
  inspect(nameOrId: string): Promise<ImageInspect>;
  history(nameOrId: string): Promise<ImageHistoryResponseItem[]>;
  remove(nameOrId: string, options: { force: boolean; noPrune: boolean }): Promise<ImageDeleteResponseItem[]>;
  prune(filters: Record<string, string[]>): Promise<ImagesPruned>;
  import(request: ImportRequest, progress: (message: ImageProgress) => void, signal: AbortSignal): Promise<Image>;
  /** A docker archive or an OCI layout, compressed or not. */
  load(
    source: AsyncIterable<Uint8Array>,
    options: { quiet: boolean },
    progress: (message: ImageProgress) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** A docker archive that is an OCI layout as well, as dockerd 28 writes it. */
  save(names: string[], signal: AbortSignal): Promise<Readable>;
}

import type { Readable } from 'node:stream';
import type { Digest } from '../../oci/index.ts';
import type { SnapshotKey } from '../snapshots/contract.ts';

export interface ApplyResult {
  /** Digest of the uncompressed tar. */
  diffId: Digest;
  /** As Docker counts: files by their length, links by their text's, a hard-linked file once. */
  sizeBytes: number;
}

export interface DiffOptions {
  /** Clamp every mtime above it to this many seconds (SOURCE_DATE_EPOCH). */
  sourceDateEpoch?: number;
}

/** Stat of one path inside a root file system. */
export interface RootedStat {
  name: Buffer;
  sizeBytes: number;
  /** st_mode, type bits included. */
  mode: number;
  mtimeMs: number;
  linkTarget: string;
  uid: number;
  gid: number;
}

export interface ExtractOptions {
  /** A file may not replace a folder, nor a folder a file. */
  noOverwriteDirNonDir?: boolean;
  /** Everything created gets this owner instead of the archive's. */
  owner?: { uid: number; gid: number };
}

export interface CopyRequest {
  /** A directory on the host (mounted root or extracted context) and a path inside it, resolved inside it. */
  from: { root: string; path: string };
  to: { root: string; path: string };
  /** Copy what is in `from.path`, not the folder itself. */
  contentsOnly?: boolean;
  owner?: { uid: number; gid: number };
  /** Go-style relative patterns (dockerignore syntax) of what to leave out. */
  exclude?: string[];
  chmod?: number;
  /** A symbolic change of each entry's mode, as chmod(1): `u=rwX,go=rX` (see `applyMode` in build/ops/chmod.ts). */
  chmodSymbolic?: string;
  /** Set every mtime to this. Default: keep. */
  mtimeMs?: number;
}

/**
 * Tar in and out of file systems, in worker threads, each path resolved beneath an open root fd
 * (`openat2(RESOLVE_IN_ROOT|RESOLVE_NO_MAGICLINKS)`), names as bytes, limits of security.md §5 enforced.
 * A root is a host directory: an active snapshot's mount point, or a volume.
 */
export interface Layers {
  /** Applies a layer tar (whiteouts understood; gzip, zstd, xz, bzip2 detected) to the changes of an active snapshot. */
  apply(key: SnapshotKey, tar: AsyncIterable<Uint8Array>, signal?: AbortSignal): Promise<ApplyResult>;
  /** The digest and size of the layer tar of what `key` changed: deterministic, sorted, same bytes as `openDiff`. */
  diff(key: SnapshotKey, options?: DiffOptions): Promise<ApplyResult & { isEmpty: boolean }>;
  /** The layer tar itself. */
  openDiff(key: SnapshotKey, options?: DiffOptions): Promise<Readable>;
  /** What changed, as Docker's `diff` lists it: kind 0 modified, 1 added, 2 deleted. */
  changes(key: SnapshotKey): Promise<{ path: string; kind: 0 | 1 | 2 }[]>;

  /** Plain tar into `path` below `root` (no whiteouts): docker cp, ADD of an archive, a build context. */
  extract(
    root: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options?: ExtractOptions,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Plain tar of `path` below `root`; the top entry is named as `docker cp` does. @throws not-found `no-such-path` */
  archive(
    root: string,
    path: string,
    options?: { followLink?: boolean; as?: string },
  ): Promise<{ stat: RootedStat; tar: Readable }>;
  /** @throws not-found `no-such-path` */
  stat(root: string, path: string): Promise<RootedStat>;
  /** A regular file, at most `maxBytes` (default 10 MiB); undefined if absent or not a regular file. */
  readFile(root: string, path: string, maxBytes?: number): Promise<Buffer | undefined>;
  copy(request: CopyRequest): Promise<void>;
  /** Creates the folder and missing parents (0755, owner for those created). */
  mkdirs(root: string, path: string, options?: { uid?: number; gid?: number; mode?: number }): Promise<void>;
  /** Entries of the tree below `path`, sorted by path: what a content cache key is made of. */
  contentHash(root: string, path: string, options?: { exclude?: string[]; contentsOnly?: boolean }): Promise<string>;
  /** Paths that match a Go filepath.Match pattern below root (for COPY wildcards), sorted. */
  glob(root: string, pattern: string): Promise<string[]>;
}

import type { Digest } from '../../oci/index.ts';
import type { SnapshotKey } from '../../store/index.ts';

/** What one step gave, as kept in the metadata bucket `build-cache` under `key`. */
export interface CacheRecord {
  key: string;
  /** `layer`: changed files (or tried to). `config`: changed the image configuration only. */
  kind: 'layer' | 'config';
  /** What it stood on: the top snapshot ('' for nothing), or for `config` the image id before it. */
  parent: string;
  /** Hash of the instruction alone. */
  definition: string;
  /** The instruction as written. */
  label: string;
  /** Paths it copied and the hash of what was there. */
  sources: [path: string, hash: string][];
  /** Definition keys (see `solver/keys.ts`) that led here, newest last. */
  definitions: string[];
  /** Which step of which Dockerfile it was last: to explain a miss. */
  place: string;
  /** Absent when nothing changed. */
  layer?: { diffId: Digest; snapshot: SnapshotKey; sizeBytes: number };
  /** RFC 3339. */
  created: string;
  lastUsedMs: number;
  uses: number;
}

export const CACHE_BUCKET = 'build-cache';

declare const brand: unique symbol;
/** A snapshot's name on disk: `[a-z0-9:-]{1,140}`. Committed image layers are named by their chain id. */
export type SnapshotKey = string & { readonly [brand]: 'SnapshotKey' };

/** What `mount` needs; the currency between snapshots and whoever uses the file system. */
export interface SnapshotMount {
  /** Mounts it at `target` (which exists). With one parentless layer and read-only use this may be a bind mount. */
  mount(target: string): void;
  /** Detaches what `mount` put at `target`; idempotent. The disk is synced, if it must be, on a pool thread. */
  unmount(target: string): void;
  /**
   * The root of the file system mounted nowhere: an O_PATH fd for `RootedFs.adopt`. It is gone when the fd is closed. Not
   * while it is mounted elsewhere and written to.
   */
  open(): number;
}

export interface PrepareOptions {
  /**
   * What is written need not outlive a power cut before `commit`: fsync inside the file system is free. For build steps and
   * containers that remove themselves.
   */
  isVolatile?: boolean;
}

export interface SnapshotInfo {
  key: SnapshotKey;
  kind: 'active' | 'view' | 'committed';
  parent: SnapshotKey | undefined;
}

/** Layered file systems. The overlay and the copy implementation pass the same suite. */
export interface Snapshots extends AsyncDisposable {
  /** `overlay`: `changesDir` holds changes alone, with the kernel's whiteouts. `copy`: it is the whole tree. */
  readonly form: 'overlay' | 'copy';
  /** A writable snapshot over a committed parent (or over nothing). @throws conflict `snapshot-exists`, not-found `no-such-snapshot` */
  prepare(key: SnapshotKey, parent?: SnapshotKey, options?: PrepareOptions): Promise<SnapshotMount>;
  /** A read-only one. */
  view(key: SnapshotKey, parent: SnapshotKey): Promise<SnapshotMount>;
  /** The mount of an active or view snapshot that exists (after a daemon restart too). */
  mounts(key: SnapshotKey): Promise<SnapshotMount>;
  /**
   * Freezes the active snapshot `key` under `name`, atomically. If `name` is there already, `key` is dropped and that is fine.
   * Durable after `sync`: without one, a power cut makes it absent (never torn). @throws invalid-parameter `too-many-layers`
   */
  commit(name: SnapshotKey, key: SnapshotKey): Promise<void>;
  /** Idempotent. @throws conflict `snapshot-in-use` while another has it as parent */
  remove(key: SnapshotKey): Promise<void>;
  find(key: SnapshotKey): Promise<SnapshotInfo | undefined>;
  list(): Promise<SnapshotInfo[]>;
  /** Everything committed so far survives a power cut: one syncfs. To be awaited before a record names a snapshot. */
  sync(): Promise<void>;
  /** Bytes and inodes that this snapshot alone holds. */
  usage(key: SnapshotKey): Promise<{ sizeBytes: number; inodes: number }>;
  /**
   * The folder that holds what this snapshot alone changed (overlay's upper). Only `store/layers` looks inside, through
   * an open directory fd.
   */
  changesDir(key: SnapshotKey): Promise<string>;
  /** The folders of the chain, top first: what a merged view is made of. Same rule. */
  chainDirs(key: SnapshotKey): Promise<string[]>;
  /** Waits for removals that go on in the background. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** One change of a batch. Values are JSON. */
export type Change = { bucket: string; key: string; put: unknown } | { bucket: string; key: string; delete: true };

/**
 * One SQLite file (WAL, synchronous FULL) owned by a worker thread. Rooms keep what they work with in memory and
 * write it here; a batch is one durable transaction: when `write` resolves, it survives a power cut.
 */
export interface Metadata {
  /** Everything in a bucket, once, at start. */
  load<T>(bucket: string): Promise<{ key: string; value: T }[]>;
  write(changes: Change[]): Promise<void>;
  close(): Promise<void>;
}

/** One line (or a part of one, split at 16 KiB: `partial`) as the container printed it, with its newline when it had one. */
export interface LogEntry {
  stream: 'stdout' | 'stderr';
  line: Buffer;
  timeNs: bigint;
  partial: boolean;
  attributes?: Record<string, string>;
}

export interface LogReadOptions {
  stdout: boolean;
  stderr: boolean;
  follow: boolean;
  sinceNs?: bigint;
  untilNs?: bigint;
  /** Undefined: all. */
  tail?: number;
}

/** One container's log while it runs: takes raw output, cuts it into lines, writes it down. */
export interface LogWriter {
  /** Has read `chunk` when it returns: the memory stays the caller's. False: wait for `drained()` before the next one. */
  write(stream: 'stdout' | 'stderr', chunk: Buffer): boolean;
  drained(): Promise<void>;
  /** Flushes what is left (a last line without newline too) and closes the files. Followers end after what there is. */
  close(): Promise<void>;
}

export interface LogConfig {
  type: string;
  options: Record<string, string>;
}

export interface Logs {
  /** @throws invalid-parameter for an unknown driver or option, with Docker's text */
  validate(config: LogConfig): void;
  /** The default driver. Its options are empty: the cap of 100 MB in 5 files holds wherever `max-size` is not given. */
  readonly defaultConfig: LogConfig;
  /** One writer a container at a time; appends to what is there. */
  openWriter(container: LoggedContainer): Promise<LogWriter>;
  /**
   * What was written, oldest first, in batches. With `follow` it goes on until the writer is closed (at once when none is
   * open). @throws not-implemented `log-driver-unreadable` for drivers that cannot be read
   */
  read(container: LoggedContainer, options: LogReadOptions, signal: AbortSignal): AsyncIterable<LogEntry[]>;
  /** Where json-file keeps it, for inspect's LogPath; '' for others. */
  path(container: LoggedContainer): string;
  remove(container: LoggedContainer): Promise<void>;
  /** Bytes on disk. */
  size(container: LoggedContainer): Promise<number>;
  /** Ends the worker thread, if there is one. Writers must be closed before. */
  close(): Promise<void>;
}

export interface LoggedContainer {
  id: string;
  name: string;
  config: LogConfig;
  /** The container's own folder below the data root. */
  dir: string;
  labels: Record<string, string>;
  env: string[];
  /** For the `tag` option's `{{.ImageName}}`, `{{.ImageID}}`. */
  imageName?: string;
  imageId?: string;
}

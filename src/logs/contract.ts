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
  /** Takes ownership of `chunk`. False: wait for `drained()` before the next one. */
  write(stream: 'stdout' | 'stderr', chunk: Buffer): boolean;
  drained(): Promise<void>;
  /** Flushes what is left (a last line without newline too) and closes the files. */
  close(): Promise<void>;
}

export interface LogConfig {
  type: string;
  options: Record<string, string>;
}

export interface Logs {
  /** @throws invalid-parameter for an unknown driver or option, with Docker's text */
  validate(config: LogConfig): void;
  /** The default driver with its cap. */
  readonly defaultConfig: LogConfig;
  openWriter(container: LoggedContainer): Promise<LogWriter>;
  /** @throws not-implemented `log-driver-unreadable` for drivers that cannot be read */
  read(container: LoggedContainer, options: LogReadOptions, signal: AbortSignal): AsyncIterable<LogEntry[]>;
  /** Where json-file keeps it, for inspect's LogPath; '' for others. */
  path(container: LoggedContainer): string;
  remove(container: LoggedContainer): Promise<void>;
}

export interface LoggedContainer {
  id: string;
  name: string;
  config: LogConfig;
  /** The container's own folder below the data root. */
  dir: string;
  labels: Record<string, string>;
  env: string[];
}

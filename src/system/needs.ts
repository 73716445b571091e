/** Facts that other rooms own. What the kernel says is read here. */
export interface SystemNeeds {
  engine: EngineFacts;
  runtime: { name: string; path: string; version: string };
  storage: { driver: string; status: [name: string, value: string][] };
  containerCounts(): { total: number; running: number; paused: number; stopped: number };
  imageCount(): number | Promise<number>;
  loggingDriver: string;
  /** Said at daemon start and again by `info`. */
  warnings: readonly string[];
  now(): Date;
}

export interface EngineFacts {
  /** Ours, without a leading v. */
  version: string;
  /** Stable over restarts: kept in the data root. */
  id: string;
  dataRoot: string;
  labels: string[];
  isDebug: boolean;
  isLiveRestore: boolean;
  initBinary: string;
}

import type { Readable, Writable } from 'node:stream';
import type {
  ContainerCreateRequest,
  ContainerCreateResponse,
  ContainerInspectResponse,
  ContainerSummary,
  ContainersPruned,
  ContainerTopResponse,
  ContainerWaitResponse,
  ExecConfig,
  ExecInspect,
  ExecStartConfig,
  PathStat,
} from '../api/index.ts';
import type { LogEntry, LogReadOptions } from '../logs/index.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface AttachRequest {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  stream: boolean;
  logs: boolean;
  /** Bytes that detach (default ctrl-p ctrl-q); empty: none. */
  detachKeys: Buffer;
}

/** A client on an attached process: raw bytes with a tty, stdcopy frames without. */
export interface AttachStreams {
  /** From the client; ends at its half-close. */
  input: Readable;
  /** To the client; its backpressure reaches the process. */
  output: Writable;
}

/** Verbs on containers. `ref` is a name, an id or an unambiguous id prefix; @throws not-found `no-such-container`. */
export interface Containers {
  create(
    name: string | undefined,
    request: ContainerCreateRequest,
    platform?: string,
  ): Promise<ContainerCreateResponse>;
  list(options: {
    all: boolean;
    limit: number;
    size: boolean;
    filters: Record<string, string[]>;
  }): Promise<ContainerSummary[]>;
  inspect(ref: string, options: { size: boolean }): Promise<ContainerInspectResponse>;
  /** False when it ran already (304). */
  start(ref: string): Promise<boolean>;
  /** False when it was stopped already (304). `timeoutSeconds` -1 waits for ever. */
  stop(ref: string, options: { signal?: string; timeoutSeconds?: number }): Promise<boolean>;
  restart(ref: string, options: { signal?: string; timeoutSeconds?: number }): Promise<void>;
  kill(ref: string, signal: string): Promise<void>;
  pause(ref: string): Promise<void>;
  unpause(ref: string): Promise<void>;
  rename(ref: string, name: string): Promise<void>;
  resize(ref: string, height: number, width: number): Promise<void>;
  top(ref: string, psArgs: string): Promise<ContainerTopResponse>;
  /** Resolves when the condition holds; the registration is made before this returns its promise. */
  wait(ref: string, condition: WaitCondition, signal: AbortSignal): Promise<ContainerWaitResponse>;
  /** Refuses at once what cannot be attached; then `run` pumps until the process or the client ends. */
  attach(
    ref: string,
    request: AttachRequest,
  ): { tty: boolean; run(streams: AttachStreams, signal: AbortSignal): Promise<void> };
  logs(ref: string, options: LogReadOptions, signal: AbortSignal): { tty: boolean; entries: AsyncIterable<LogEntry[]> };
  remove(ref: string, options: { force: boolean; volumes: boolean; link: boolean }): Promise<void>;
  prune(filters: Record<string, string[]>): Promise<ContainersPruned>;

  statPath(ref: string, path: string): Promise<PathStat>;
  getArchive(ref: string, path: string): Promise<{ stat: PathStat; tar: Readable }>;
  putArchive(
    ref: string,
    path: string,
    tar: AsyncIterable<Uint8Array>,
    options: { noOverwriteDirNonDir: boolean; copyUidGid: boolean },
  ): Promise<void>;

  execCreate(ref: string, config: ExecConfig): Promise<{ Id: string }>;
  /** Refuses at once what cannot start; `run` starts the process on the streams (none when detached) and ends with it. */
  execStart(
    execId: string,
    config: ExecStartConfig,
  ): Promise<{ tty: boolean; run(streams: AttachStreams | undefined, signal: AbortSignal): Promise<void> }>;
  execResize(execId: string, height: number, width: number): Promise<void>;
  execInspect(execId: string): ExecInspect;

  /** Counts for `info`. */
  counts(): { total: number; running: number; paused: number; stopped: number };
}

/** A `RUN` step: one process with a container's default confinement on a mounted root, without a record. */
export interface StepRequest {
  id: string;
  rootfs: string;
  args: string[];
  env: string[];
  cwd: string;
  user: string;
  /** `default`, `none`, `host`, `container:ID` or a network's name. */
  networkMode: string;
  extraHosts: string[];
  hostname?: string;
  shmSizeBytes?: number;
  limits: {
    memoryBytes?: number;
    memorySwapBytes?: number;
    cpuShares?: number;
    cpuPeriod?: number;
    cpuQuota?: number;
    cpusetCpus?: string;
    cpusetMems?: string;
    ulimits?: { name: string; soft: number; hard: number }[];
    cgroupParent?: string;
  };
  /** Mount the host's CA bundle and point the usual variables at it, for this process only. */
  hostCa: boolean;
  extraMounts: { source: string; target: string; readOnly: boolean }[];
  output(stream: 'stdout' | 'stderr', chunk: Buffer): void | Promise<void>;
}

/** Runs a step to its end; killed on abort. */
export type RunStep = (request: StepRequest, signal: AbortSignal) => Promise<{ exitCode: number; oomKilled: boolean }>;

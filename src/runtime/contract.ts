import type { Readable, Writable } from 'node:stream';
import type { ProcessSpec, ResourcesSpec, RuntimeSpec } from '../oci/index.ts';

/** How a process's standard streams are wired. */
export interface StdioMode {
  tty: boolean;
  /** `none`: /dev/null. `once`: closing our end is the EOF. `open`: stays open when clients detach (StdinOnce false). */
  stdin: 'none' | 'once' | 'open';
}

/** Our ends. With a tty `stdout` is the terminal and `stderr` is absent. Streams end when the process has ended and all is read. */
export interface ProcessIo {
  stdout: Readable;
  stderr?: Readable;
  stdin?: Writable;
  /** Terminal size in characters; a no-op without a tty. */
  resize(height: number, width: number): void;
}

export interface ExitFacts {
  /** 0–255; 128+n for a signal; 255 when unknown. */
  exitCode: number;
  finishedAtMs: number;
  oomKilled: boolean;
}

export interface RunningProcess {
  pid: number;
  startedAtMs: number;
  io: ProcessIo;
  /**
   * Resolves once, after the streams have been read to their end (or destroyed) and the exit is on disk. Never rejects.
   * A stream nobody reads holds it up: `resume()` what you do not want.
   */
  exited: Promise<ExitFacts>;
}

export interface RunRequest {
  /** Container id (64 hex) or a build step's id. */
  id: string;
  spec: RuntimeSpec;
  stdio: StdioMode;
  consoleSize?: { height: number; width: number };
  /** Can it run out of memory on its own? Default: has the spec a memory limit. */
  memoryLimited?: boolean;
}

export interface ExecRequest {
  containerId: string;
  execId: string;
  process: ProcessSpec;
  stdio: StdioMode;
  consoleSize?: { height: number; width: number };
}

/**
 * Drives crun or runc. A failed start is an EngineError with Docker's text (126/127 in `detail.exitCode`) and leaves
 * nothing behind. What runs outlives the daemon (see ARCHITECTURE §1: the monitor `sh`).
 */
export interface Runtime {
  readonly name: 'crun' | 'runc';
  readonly version: string;
  readonly path: string;
  /** What is to be said at daemon start (old version, …). */
  readonly warnings: readonly string[];
  run(request: RunRequest): Promise<RunningProcess>;
  exec(request: ExecRequest): Promise<RunningProcess>;
  /** Signals the container's init by pidfd (pid + start time checked). @throws not-found `process-gone` */
  kill(id: string, signal: number): Promise<void>;
  /** SIGKILL to everything in the container's cgroup. */
  killAll(id: string): Promise<void>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  update(id: string, resources: ResourcesSpec): Promise<void>;
  /** Host pids of all processes in the container. */
  pids(id: string): Promise<number[]>;
  /**
   * After a daemon restart: takes a container that ran back. `running` with its streams (nothing lost), `exited` with its
   * facts (its unread output on io), or `unknown` when there is no trace.
   */
  recover(
    id: string,
    stdio: StdioMode,
  ): Promise<{ state: 'running' | 'exited'; process: RunningProcess } | { state: 'unknown' }>;
  /** Removes the run-time folder, FIFOs and cgroups of an ended container; idempotent. */
  release(id: string): Promise<void>;
  /** At the daemon's end: takes our own cgroups away where nothing is left in them. What runs goes on. */
  close(): void;
}

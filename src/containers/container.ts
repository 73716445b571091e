import { join } from 'node:path';
import type { LoggedContainer, LogWriter } from '../logs/index.ts';
import type { Sandbox } from '../networks/index.ts';
import type { RunningProcess, StdioMode } from '../runtime/index.ts';
import type { SnapshotKey, SnapshotMount } from '../store/index.ts';
import type { Exec } from './exec/exec.ts';
import type { ContainerRecord } from './record.ts';
import { isLive } from './state.ts';
import { StdioHub } from './stdio/hub.ts';
import { Waiters } from './waiters.ts';

/** What a running container holds. */
export interface Run {
  process: RunningProcess;
  sandbox: Sandbox | undefined;
  log: LogWriter;
  startedAtMs: number;
}

/** A container in memory: its record, and what lives only while the daemon does. Verbs change it under its lock. */
export class Container {
  readonly record: ContainerRecord;
  /** `<data>/containers/<id>`: logs and the network files. */
  readonly dir: string;
  /** `<exec>/mounts/<id>`: mount points and the sandbox of the run. */
  readonly execDir: string;
  readonly hub = new StdioHub();
  readonly waiters = new Waiters();
  readonly execs = new Map<string, Exec>();
  run: Run | undefined;
  /** Of the root file system; looked up when first needed after a daemon restart. */
  mount: SnapshotMount | undefined;
  /** Users of the mounted root besides the run (archive copies). */
  mountUsers = 0;
  isMounted = false;
  /** `restart` of an AutoRemove container keeps it. */
  keepOnExit = false;
  cancelRestart: (() => void) | undefined;
  restartDelayMs = 0;

  constructor(record: ContainerRecord, dirs: { data: string; exec: string }) {
    this.record = record;
    this.dir = join(dirs.data, 'containers', record.id);
    this.execDir = join(dirs.exec, 'mounts', record.id);
  }

  get id(): string {
    return this.record.id;
  }

  get rootfs(): string {
    return join(this.execDir, 'rootfs');
  }

  get isLive(): boolean {
    return isLive(this.record.state.status) && this.run !== undefined;
  }

  get stdio(): StdioMode {
    const { Tty: tty = false, OpenStdin: isOpen, StdinOnce: isOnce } = this.record.config;
    return { tty, stdin: isOpen ? (isOnce ? 'once' : 'open') : 'none' };
  }

  get logged(): LoggedContainer {
    const { record } = this;
    const { Type: type = 'json-file', Config: options } = record.hostConfig.LogConfig ?? {};
    return {
      id: record.id,
      name: record.name,
      config: { type, options: options ?? {} },
      dir: this.dir,
      labels: record.config.Labels ?? {},
      env: record.config.Env ?? [],
      imageName: record.config.Image ?? '',
      imageId: record.imageId,
    };
  }

  /** Attributes of its events: labels, then image and name. */
  get attributes(): Record<string, string> {
    const { config, name } = this.record;
    return { ...config.Labels, image: config.Image ?? '', name };
  }
}

export const snapshotOf = (id: string): SnapshotKey => `c-${id}` as SnapshotKey;

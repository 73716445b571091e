import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { invalidParameter } from '../errors/index.ts';
import type { ProcessIdentity } from '../host/index.ts';
import type { StdioMode } from './contract.ts';

/**
 * Where a runtime keeps its state, all of it gone with a reboot:
 *
 *   <root>/c/<id>/      one run
 *     config.json       the bundle
 *     run.json          RunRecord
 *     log               the runtime's own messages
 *     out err in        FIFOs of 1 MiB (none with a terminal)
 *     events ack        FIFOs: monitor → daemon "it has ended", daemon → monitor "all is read"
 *     exit              "<code>\n", written by the monitor; its mtime is FinishedAt
 *     exec/<execId>/    process.json, log
 *   <root>/pids/<name>  pid files: in one folder, so that one inotify watch serves all starts
 *   <root>/sockets/     console sockets, short-lived
 *   <root>/state/       the runtime's --root
 */
export interface RuntimeFolders {
  containers: string;
  pids: string;
  sockets: string;
  state: string;
}

export function makeRuntimeFolders(root: string): RuntimeFolders {
  const folders = {
    containers: join(root, 'c'),
    pids: join(root, 'pids'),
    sockets: join(root, 'sockets'),
    state: join(root, 'state'),
  };
  for (const path of [root, ...Object.values(folders)]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chmodSync(path, 0o700);
  }
  for (const name of readdirSync(folders.sockets)) rmSync(join(folders.sockets, name));
  // Execs do not outlive a daemon; containers do, and theirs are named by the id alone.
  for (const name of readdirSync(folders.pids)) if (name.includes('.')) rmSync(join(folders.pids, name));
  return folders;
}

/** What a later daemon must know of a run. */
export interface RunRecord {
  stdio: StdioMode;
  args0: string;
  cgroup: string;
  isMemoryLimited: boolean;
  /** OomReport.mark() before the start. */
  oomMark: number;
  startedAtMs: number;
  /** The container's first process. Absent until it is started. */
  init?: ProcessIdentity;
  /** The process that holds the terminal, as its descriptor 3. */
  holder?: ProcessIdentity;
}

const VALID_NAME = /^[a-zA-Z0-9][a-zA-Z0-9_-]{0,127}$/;

/** Paths of one run. @throws invalid-parameter for an id that is not a plain name */
export class RunFolder {
  readonly id: string;
  readonly path: string;
  readonly pidFile: string;

  constructor(folders: RuntimeFolders, id: string) {
    if (!VALID_NAME.test(id))
      throw invalidParameter('invalid-id', `not a container id: ${JSON.stringify(id.slice(0, 80))}`);
    this.id = id;
    this.path = join(folders.containers, id);
    this.pidFile = join(folders.pids, id);
  }

  file(name: 'config.json' | 'run.json' | 'log' | 'out' | 'err' | 'in' | 'events' | 'ack' | 'exit' | 'exec'): string {
    return join(this.path, name);
  }

  exists(): boolean {
    return existsSync(this.path);
  }

  create(): void {
    mkdirSync(this.path, { mode: 0o700 });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
    rmSync(this.pidFile, { force: true });
  }

  writeRecord(record: RunRecord): void {
    const draft = join(this.path, 'run.json.tmp');
    writeFileSync(draft, JSON.stringify(record));
    renameSync(draft, this.file('run.json'));
  }

  readRecord(): RunRecord | undefined {
    try {
      return JSON.parse(readFileSync(this.file('run.json'), 'utf8')) as RunRecord;
    } catch {
      return undefined;
    }
  }

  /** Undefined until the monitor has written the whole line. */
  readExit(): { exitCode: number; finishedAtMs: number } | undefined {
    try {
      const text = readFileSync(this.file('exit'), 'utf8');
      const finishedAtMs = Math.floor(statSync(this.file('exit')).mtimeMs);
      return /^\d{1,3}\n$/.test(text) ? { exitCode: Number(text), finishedAtMs } : undefined;
    } catch {
      return undefined;
    }
  }

  /** For a monitor that did not live to write it. */
  writeExit(exitCode: number): void {
    writeFileSync(this.file('exit'), `${exitCode}\n`);
  }

  /** Undefined until the runtime has written it. */
  readPid(): number | undefined {
    return readPidFile(this.pidFile);
  }
}

export function readPidFile(path: string): number | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return /^\d+$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}

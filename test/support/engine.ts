import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Client, createClient } from '../../src/client/index.ts';
import { isEngineError } from '../../src/errors/index.ts';

const root = resolve(import.meta.dirname, '../..');

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

/** A daemon of ours with roots and a bridge of its own, and ways to drive it. Stop it in `after`. */
export interface Engine {
  readonly socket: string;
  readonly dataRoot: string;
  readonly execRoot: string;
  readonly bridge: string;
  readonly client: Client;
  pid(): number;
  /** Runs `berth ARGS…` against it. */
  berth(args: string[], options?: { input?: string | Buffer; timeoutMs?: number }): Ran;
  /** The same without waiting; the caller reads its output and awaits its end. */
  spawn(args: string[]): ChildProcess;
  /** SIGKILL and a new start with the same roots. */
  killAndRestart(): Promise<void>;
  kill(): Promise<void>;
  start(): Promise<void>;
  /** What the daemon wrote to its log so far. */
  log(): string;
  stop(): Promise<void>;
}

let count = 0;

/** Starts an engine for a test file. `config` is its daemon.json; `extra` more flags and variables of its process. */
export async function startEngine(
  config: Record<string, unknown> = {},
  extra: { flags?: string[]; env?: Record<string, string> } = {},
): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-e2e-'));
  const socket = join(folder, 'berth.sock');
  const logFile = join(folder, 'daemon.log');
  const bridge = `btest${process.pid % 10_000}${count++}`.slice(0, 15);
  const configFile = join(folder, 'daemon.json');
  writeFileSync(configFile, JSON.stringify({ bridge, ...config }));
  const [dataRoot, execRoot] = [join(folder, 'data'), join(folder, 'run')];
  mkdirSync(dataRoot);
  let daemon: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    const { openSync, closeSync } = process.getBuiltinModule('node:fs');
    const log = openSync(logFile, 'a');
    const flags = [
      '-H',
      `unix://${socket}`,
      '--data-root',
      dataRoot,
      '--exec-root',
      execRoot,
      '--pidfile',
      join(folder, 'pid'),
      '--config-file',
      configFile,
      ...(extra.flags ?? []),
    ];
    daemon = spawn(process.execPath, ['--disable-sigusr1', join(root, 'src/daemon/main.ts'), ...flags], {
      stdio: ['ignore', log, log],
      env: { ...process.env, ...extra.env },
    });
    closeSync(log);
    const { client } = engine;
    for (let attempt = 0; attempt < 400; attempt++) {
      if (daemon.exitCode !== null) break;
      try {
        (await client.stream({ method: 'GET', path: '/_ping' })).resume();
        return;
      } catch {
        await sleep(25);
      }
    }
    throw new Error(`the daemon did not start:\n${engine.log()}`);
  };

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const running = daemon;
    daemon = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const ended = new Promise((done) => running.once('exit', done));
    running.kill(signal);
    const timer = setTimeout(() => running.kill('SIGKILL'), 20_000);
    await ended;
    clearTimeout(timer);
  };

  const cli = [join(root, 'src/cli/main.ts')];
  const env = { ...process.env, BERTH_HOST: `unix://${socket}`, NO_COLOR: '1' };
  const engine: Engine = {
    socket,
    dataRoot,
    execRoot,
    bridge,
    client: createClient({ kind: 'unix', path: socket }),
    pid: () => daemon?.pid ?? 0,
    berth(args, options = {}) {
      const ran = spawnSync(process.execPath, [...cli, ...args], {
        env,
        input: options.input ?? '',
        timeout: options.timeoutMs ?? 60_000,
        maxBuffer: 1 << 29,
      });
      return { code: ran.status ?? 255, stdout: ran.stdout.toString(), stderr: ran.stderr.toString() };
    },
    spawn: (args) => spawn(process.execPath, [...cli, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] }),
    start,
    kill: () => end('SIGKILL'),
    async killAndRestart() {
      await end('SIGKILL');
      await start();
    },
    log: () => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''),
    async stop() {
      try {
        if (daemon !== undefined) await removeAll(engine.client);
      } finally {
        await end('SIGTERM');
      }
      rmSync(folder, { recursive: true, force: true });
    },
  };
  await start();
  return engine;
}

async function removeAll(client: Client): Promise<void> {
  const all = await client.json<{ Id: string }[]>({ method: 'GET', path: '/containers/json', query: { all: true } });
  for (const { Id } of all) {
    const request = { method: 'DELETE', path: `/containers/${Id}`, query: { force: true, v: true } };
    await client.json(request).catch((error: unknown) => {
      // Being removed by somebody else, or gone already.
      if (!isEngineError(error, 'conflict') && !isEngineError(error, 'not-found')) throw error;
    });
  }
}

import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Host } from '../../client/index.ts';
import { unavailable } from '../../errors/index.ts';
import { findInstallation } from './installation.ts';

const START_TIMEOUT_MS = 20_000;
const LOG = '/var/log/berth.log';
const RUN = '/run/berth';
const PIDFILE = `${RUN}/berth.pid`;

/** Does somebody accept connections there? EACCES counts as yes: the request will say so better. */
export function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EACCES'));
  });
}

/**
 * Starts our own daemon when nobody answers on its socket: detached, under a supervisor that starts it again should it
 * die (bin/supervise holds a lock, so that of several starters one wins), and waits until it answers.
 */
export async function ensureDaemon(
  host: Host,
  line: { stderr: NodeJS.WritableStream; env: NodeJS.ProcessEnv },
): Promise<void> {
  if (host.kind !== 'unix' || (await answers(host.path))) return;
  if (process.getuid?.() !== 0) {
    throw unavailable('daemon-needs-root', `no daemon answers at unix://${host.path}, and only root can start it`, {
      detail: { hint: 'Start it once as root (`sudo berth info`), or run it as a service (`berth daemon`).' },
    });
  }
  mkdirSync(RUN, { recursive: true, mode: 0o711 });
  const { root, daemonCommand } = findInstallation(import.meta.dirname);
  const log = openSync(LOG, 'a', 0o640);
  const { spawn } = process.getBuiltinModule('node:child_process');
  const { NODE_OPTIONS: _, ...env } = line.env;
  const supervisor = spawn('/bin/sh', [join(root, 'bin/supervise'), ...daemonCommand], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', log, log],
    env,
  });
  let hasEnded = false;
  supervisor.once('exit', (code) => {
    hasEnded = code !== 0;
  });
  supervisor.unref();
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (let waitMs = 10; Date.now() < deadline; waitMs = Math.min(waitMs * 1.3, 100)) {
    if (await answers(host.path)) return;
    if (hasEnded) break;
    await sleep(waitMs);
  }
  throw unavailable('daemon-did-not-start', `the daemon did not start; its log says why: ${LOG}`);
}

/** Asks our own daemon to end, and waits until it has. */
export async function stopDaemon(): Promise<void> {
  const pid = Number(readFileSync(PIDFILE, 'utf8').trim());
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  process.kill(pid, 'SIGTERM');
  for (let waited = 0; waited < 200 && existsSync(`/proc/${pid}`); waited++) await sleep(50);
}

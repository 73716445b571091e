import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../errors/index.ts';
import { createApiServer } from '../server/index.ts';
import { resolveAddress } from './addresses.ts';
import { assemble } from './assemble.ts';
import { readConfig } from './config.ts';
import { StartError } from './errors.ts';
import { giveMemoryBackWhenIdle } from './give-memory-back.ts';
import { socketGroup } from './group.ts';
import { type Listening, listen } from './listen.ts';
import { lockDataRoot } from './lock.ts';
import { createLogger } from './log.ts';
import { lowerOomScore } from './process-settings.ts';
import { holdRoots, releaseRoots } from './root-mounts.ts';
import { closeServers, stopOnSignals } from './shutdown.ts';

/** The daemon from its flags to its end. Failures at the start are told in one line and end it with 1. */
export async function runDaemon(argv: readonly string[]): Promise<void> {
  const startedAt = performance.now();
  try {
    await start(argv, startedAt);
  } catch (error) {
    const text =
      error instanceof StartError
        ? error.message
        : error instanceof Error
          ? (error.stack ?? error.message)
          : String(error);
    process.stderr.write(`berth daemon: failed to start: ${text}\n`);
    process.exit(1);
  }
}

async function start(argv: readonly string[], startedAt: number): Promise<void> {
  const config = readConfig(argv);
  const log = createLogger(config.logLevel);
  if (process.getuid?.() !== 0) throw new StartError('the daemon needs root');
  // Whoever may not use the socket may not look at the roots either; files of ours are born private.
  process.umask(0o022);
  const addresses = await Promise.all(config.hosts.map((host) => resolveAddress(host, config.tls)));
  const groupId = socketGroup(config.group, log);
  const lock = lockDataRoot(config.dataRoot, config.pidFile);
  lowerOomScore(log);
  const roots = [config.dataRoot, config.execRoot];
  holdRoots(roots);

  const version = programVersion();
  const engine = await assemble(config, version, log);
  const listening: Listening[] = [];
  const stop = async (): Promise<void> => {
    await closeServers(listening.map(({ server }) => server));
    const isIdle = await engine.shutdown();
    if (isIdle) releaseRoots(roots.toReversed());
    lock.release();
  };
  await engine.restore();
  const api = createApiServer({
    rooms: engine.rooms,
    version,
    onFault: (where, error) =>
      log.error(`${where}: ${error instanceof Error ? (error.stack ?? error.message) : messageOf(error)}`),
  });
  try {
    for (const address of addresses) listening.push(...(await listen(address, { api, tls: config.tls, groupId })));
  } catch (error) {
    await stop();
    throw error;
  }
  for (const { address } of listening) log.info(`API listen on ${address}`);
  log.info('daemon has completed initialization', { version, ms: Math.round(performance.now() - startedAt) });

  giveMemoryBackWhenIdle();
  stopOnSignals(async (signal) => {
    log.info(`processing signal '${signal}'`);
    await stop();
    log.info('daemon shutdown complete');
  }, log);
}

/** The version in package.json: beside dist/ or above src/. */
function programVersion(): string {
  for (const path of ['../package.json', '../../package.json']) {
    try {
      const { name, version } = JSON.parse(readFileSync(join(import.meta.dirname, path), 'utf8')) as {
        name: string;
        version: string;
      };
      if (name === 'berth') return version;
    } catch {
      // Not there.
    }
  }
  return '0.0.0';
}

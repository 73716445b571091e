import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { tryLock } from '../host/index.ts';
import { StartError } from './errors.ts';

export interface DaemonLock {
  /** Lets another daemon start. */
  release(): void;
}

/**
 * One daemon per data root: a lock that the kernel takes back when its holder dies, so that nothing stale can be left.
 * The pid file is for people and scripts only. @throws StartError at once when another daemon holds it
 */
export function lockDataRoot(dataRoot: string, pidFile: string): DaemonLock {
  mkdirSync(dataRoot, { recursive: true, mode: 0o710 });
  const path = join(dataRoot, 'daemon.lock');
  const fd = openSync(path, 'a', 0o600);
  if (!tryLock(fd)) {
    const holder = readFileSync(path, 'utf8').trim();
    closeSync(fd);
    throw new StartError(
      `another daemon is running on ${dataRoot}${holder === '' ? '' : ` (pid ${holder})`}: stop it first, or use another --data-root`,
    );
  }
  writeFileSync(path, `${process.pid}\n`);
  mkdirSync(dirname(pidFile), { recursive: true, mode: 0o711 });
  writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o644 });
  return {
    release() {
      rmSync(pidFile, { force: true });
      closeSync(fd);
    },
  };
}

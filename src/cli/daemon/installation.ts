import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where this program's own files are: a bundle (dist/berth.cjs) or a checkout run from its sources. */
export interface Installation {
  root: string;
  /** What starts the daemon in the foreground. */
  daemonCommand: string[];
}

export function findInstallation(here: string): Installation {
  let root = here;
  while (!existsSync(join(root, 'bin/supervise')) && dirname(root) !== root) root = dirname(root);
  const bundle = join(root, 'dist/daemon.cjs');
  const entry = here.startsWith(join(root, 'dist')) ? bundle : join(root, 'src/daemon/main.ts');
  return { root, daemonCommand: [process.execPath, '--disable-sigusr1', entry] };
}

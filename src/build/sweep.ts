import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Snapshots } from '../store/index.ts';
import { SESSION_PREFIX } from './session.ts';

/**
 * Removes what builds left behind when the daemon was killed: each session's mounts, its temporary snapshots, its folder.
 * Committed layers are not touched: their records were written before them, so they are cache, not litter.
 */
export async function sweep(snapshots: Pick<Snapshots, 'list' | 'mounts' | 'remove'>, tempDir: string): Promise<void> {
  await mkdir(tempDir, { recursive: true, mode: 0o700 });
  for (const { key, kind } of await snapshots.list()) {
    if (kind === 'committed' || !key.startsWith(SESSION_PREFIX)) continue;
    const [, session = '', count = ''] = key.split('-');
    const mount = await snapshots.mounts(key);
    mount.unmount(join(tempDir, session, `mnt-${count}`));
    await snapshots.remove(key);
  }
  for (const name of await readdir(tempDir)) await rm(join(tempDir, name), { recursive: true, force: true });
}

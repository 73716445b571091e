import { lstat, readdir } from 'node:fs/promises';

const SLASH = Buffer.from('/');
const AT_ONCE = 32;

/** Bytes of files and number of inodes below a folder, it included; hard links count once. */
export async function treeUsage(dir: string): Promise<{ sizeBytes: number; inodes: number }> {
  const seen = new Set<number>();
  let sizeBytes = 0;
  const pending: Buffer[] = [Buffer.from(dir)];
  async function visit(path: Buffer): Promise<void> {
    const stat = await lstat(path).catch(() => undefined);
    if (stat === undefined || seen.has(stat.ino)) return;
    seen.add(stat.ino);
    if (!stat.isDirectory()) {
      sizeBytes += stat.size;
      return;
    }
    const names = await readdir(path, { encoding: 'buffer' }).catch(() => []);
    for (const name of names) pending.push(Buffer.concat([path, SLASH, name]));
  }
  while (pending.length > 0) await Promise.all(pending.splice(-AT_ONCE).map(visit));
  return { sizeBytes, inodes: seen.size };
}

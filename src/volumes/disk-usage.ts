import { lstat, opendir } from 'node:fs/promises';

/** Bytes that the files below a folder take, names as bytes, links not followed, each inode once. */
export async function diskUsage(folder: string): Promise<number> {
  const seen = new Set<string>();
  const waiting: Buffer[] = [Buffer.from(folder)];
  let bytes = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    try {
      const names = await opendir(next, { encoding: 'buffer' as BufferEncoding });
      for await (const { name } of names as unknown as AsyncIterable<{ name: Buffer }>) {
        const path = Buffer.concat([next, Buffer.from('/'), name]);
        const stat = await lstat(path);
        const inode = `${stat.dev}:${stat.ino}`;
        if (stat.nlink > 1 && !stat.isDirectory() && seen.has(inode)) continue;
        if (stat.nlink > 1) seen.add(inode);
        if (stat.isDirectory()) waiting.push(path);
        else bytes += stat.size;
      }
    } catch (error) {
      // Gone meanwhile: a container may be at work in there.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  return bytes;
}

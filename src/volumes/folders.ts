import { randomBytes } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

const REMOVED = /^\.removed-([a-zA-Z0-9][a-zA-Z0-9_.-]+)-[0-9a-f]{8}$/;

/**
 * The folders of the volumes:
 *
 *     <dir>/<name>/_data             what the containers see
 *     <dir>/.removed-<name>-<8 hex>  removed; being deleted, or left by a crash (no volume's name begins with a dot)
 */
export class VolumeFolders {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  data(name: string): string {
    return path.join(this.#dir, name, '_data');
  }

  async create(name: string): Promise<void> {
    await mkdir(path.join(this.#dir, name), { recursive: true, mode: 0o701 });
    await mkdir(this.data(name), { recursive: true });
    // Not what the umask left of it.
    await chmod(this.data(name), 0o755);
  }

  /** From here on the volume is not there any more; `finish` deletes what was in it. */
  async remove(name: string): Promise<{ finish(): Promise<void> }> {
    const target = path.join(this.#dir, `.removed-${name}-${randomBytes(4).toString('hex')}`);
    try {
      await rename(path.join(this.#dir, name), target);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    return { finish: () => rm(target, { recursive: true, force: true }) };
  }

  /** Names with a folder; deletes the remains of removals and tells whose they were. */
  async open(): Promise<{ names: Set<string>; removed: Set<string> }> {
    await mkdir(this.#dir, { recursive: true, mode: 0o701 });
    const names = new Set<string>();
    const removed = new Set<string>();
    for (const entry of await readdir(this.#dir)) {
      const match = REMOVED.exec(entry);
      if (match?.[1] !== undefined) {
        removed.add(match[1]);
        await rm(path.join(this.#dir, entry), { recursive: true, force: true });
      } else if (!entry.startsWith('.') && (await isFolder(this.data(entry)))) names.add(entry);
    }
    return { names, removed };
  }
}

async function isFolder(file: string): Promise<boolean> {
  return await lstat(file).then(
    (stat) => stat.isDirectory(),
    () => false,
  );
}

import { mkdirSync, readdirSync, renameSync } from 'node:fs';
import { lstat, readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';

const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);
const SLASH = Buffer.from('/');
/** Paths longer than this are cut: what a container nested ten thousand deep has no path that fits PATH_MAX. */
const MAX_PATH = 2000;
const AT_ONCE = 16;

let last = 0;
/** Not used by this process nor, the time being in it, by one before it of the same pid. */
const freshName = (): string => `${process.pid}-${Date.now()}-${++last}`;

/** Somebody else removed it: that is what was wanted. */
const unlessGone = (error: unknown): undefined => {
  if (codeOf(error) !== 'ENOENT') throw error;
};

/**
 * A folder whose contents are on their way out: moving there is the removal, as one rename; the deleting goes on in the
 * background and again after a restart.
 */
export class Trash {
  readonly #dir: string;
  #work: Promise<void> = Promise.resolve();

  constructor(dir: string) {
    this.#dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const name of readdirSync(dir)) this.#remove(join(dir, name));
  }

  /** Gone from `path` when this returns; absent is fine. */
  take(path: string): void {
    const target = join(this.#dir, freshName());
    try {
      renameSync(path, target);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return;
      throw error;
    }
    this.#remove(target);
  }

  /** When everything taken so far is deleted. */
  async settled(): Promise<void> {
    for (let work: Promise<void> | undefined; work !== this.#work; await work) work = this.#work;
  }

  #remove(path: string): void {
    // One tree after another: removing must not compete with what users wait for.
    this.#work = this.#work.then(() => this.#removeTree(Buffer.from(path))).catch(() => {});
  }

  async #removeTree(path: Buffer): Promise<void> {
    if (path.length > MAX_PATH) {
      const shorter = join(this.#dir, freshName());
      await rename(path, shorter).catch(unlessGone);
      this.#remove(shorter);
      return;
    }
    const stat = await lstat(path).catch(unlessGone);
    if (stat === undefined) return;
    if (!stat.isDirectory()) return unlink(path).catch(unlessGone);
    const names = (await readdir(path, { encoding: 'buffer' }).catch(unlessGone)) ?? [];
    const folders: Buffer[] = [];
    for (let at = 0; at < names.length; at += AT_ONCE)
      await Promise.all(
        names.slice(at, at + AT_ONCE).map(async (name) => {
          const child = Buffer.concat([path, SLASH, name]);
          try {
            await unlink(child);
          } catch (error) {
            if (codeOf(error) === 'EISDIR' || codeOf(error) === 'EPERM') folders.push(child);
            else if (codeOf(error) !== 'ENOENT') throw error;
          }
        }),
      );
    for (const folder of folders) await this.#removeTree(folder);
    await rmdir(path).catch(unlessGone);
  }
}

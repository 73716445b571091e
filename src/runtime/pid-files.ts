import { type FSWatcher, watch } from 'node:fs';
import { join } from 'node:path';
import { readPidFile } from './folder.ts';

const SLOW_LOOK_MS = 50;

/** Tells when a pid file appears: the sign that a runtime has started its process. One inotify watch serves all. */
export class PidFiles implements Disposable {
  readonly #folder: string;
  readonly #watcher: FSWatcher;
  readonly #waiting = new Map<string, () => void>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#watcher = watch(folder, { persistent: false }, (_event, name) => {
      if (name === null) for (const look of [...this.#waiting.values()]) look();
      else this.#waiting.get(name)?.();
    });
    // The slow look covers a watch that has failed.
    this.#watcher.on('error', () => this.#watcher.close());
  }

  /** The pid, or undefined when `until` comes first and there is no file even then. */
  async wait(name: string, until: Promise<unknown>): Promise<number | undefined> {
    const path = join(this.#folder, name);
    const { promise, resolve } = Promise.withResolvers<number | undefined>();
    const look = (): void => {
      const pid = readPidFile(path);
      if (pid !== undefined) resolve(pid);
    };
    this.#waiting.set(name, look);
    const timer = setInterval(look, SLOW_LOOK_MS);
    void until.then(() => resolve(readPidFile(path)));
    look();
    try {
      return await promise;
    } finally {
      clearInterval(timer);
      this.#waiting.delete(name);
    }
  }

  [Symbol.dispose](): void {
    this.#watcher.close();
  }
}

import { notFound } from '../../errors/index.ts';
import type { Directory } from '../directory.ts';
import type { Exec } from './exec.ts';

/** How long an ended exec can still be inspected. */
const KEEP_MS = 5 * 60_000;

/** Execs by id; those of a removed container go with it. */
export class ExecStore {
  readonly #byId = new Map<string, Exec>();
  readonly #directory: Directory;

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  add(exec: Exec): void {
    this.#byId.set(exec.id, exec);
    this.#directory.get(exec.containerId).execs.set(exec.id, exec);
  }

  /** @throws not-found `no-such-exec` */
  get(id: string): Exec {
    const exec = this.#byId.get(id);
    if (exec !== undefined && this.#directory.find(exec.containerId) !== undefined) return exec;
    this.#byId.delete(id);
    throw notFound('no-such-exec', `No such exec instance: ${id}`);
  }

  /** It has ended: forgotten in a while. */
  forgetLater(exec: Exec): void {
    setTimeout(() => {
      this.#byId.delete(exec.id);
      this.#directory.find(exec.containerId)?.execs.delete(exec.id);
    }, KEEP_MS).unref();
  }
}

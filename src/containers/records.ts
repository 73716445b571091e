import type { Change, Metadata } from '../store/index.ts';
import type { Container } from './container.ts';
import { BUCKET } from './record.ts';

/** Writes records down. A later `save` of the same container overtakes one that waits. */
export class Records {
  readonly #metadata: Metadata;
  readonly #warn: (message: string) => void;
  readonly #pending = new Map<string, Container>();
  #writing: Promise<void> | undefined;

  constructor(metadata: Metadata, warn: (message: string) => void) {
    this.#metadata = metadata;
    this.#warn = warn;
  }

  /** Resolves when it is durable. */
  save(container: Container): Promise<void> {
    this.#pending.delete(container.id);
    return this.#metadata.write([{ bucket: BUCKET, key: container.id, put: container.record }]);
  }

  /** Soon, for what a restart can also find out by looking at the process. */
  saveLater(container: Container): void {
    this.#pending.set(container.id, container);
    this.#writing ??= this.#flush();
  }

  delete(container: Container): Promise<void> {
    this.#pending.delete(container.id);
    return this.#metadata.write([{ bucket: BUCKET, key: container.id, delete: true }]);
  }

  /** Everything that waits is written. */
  async settled(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async #flush(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.size > 0) {
      const changes: Change[] = [...this.#pending.values()].map((container) => ({
        bucket: BUCKET,
        key: container.id,
        put: container.record,
      }));
      this.#pending.clear();
      await this.#metadata
        .write(changes)
        .catch((error: unknown) => this.#warn(`container state not written: ${error}`));
    }
    this.#writing = undefined;
  }
}

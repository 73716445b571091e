import type { Item, Leftovers } from './leftovers.ts';

/**
 * A piece of work that makes layers and blobs. What it claims is on the durable list first and is not swept while the work
 * goes on; when it ends, well or badly, whatever no image refers to is removed.
 */
export class Work implements AsyncDisposable {
  readonly #leftovers: Leftovers;
  readonly #releases: (() => void)[] = [];

  constructor(leftovers: Leftovers) {
    this.#leftovers = leftovers;
  }

  async claim(...items: Item[]): Promise<void> {
    for (const item of items) this.#releases.push(this.#leftovers.hold(item));
    // A sweep that began before the hold may be removing it just now.
    await this.#leftovers.settled();
    await this.#leftovers.note(items);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const release of this.#releases.splice(0)) release();
    // A failure to sweep must not hide the failure of the work; what is left stays on the list.
    await this.#leftovers.sweep().catch(() => undefined);
  }
}

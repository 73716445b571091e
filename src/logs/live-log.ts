import { setTimeout as sleep } from 'node:timers/promises';

/** A reader with `follow`. It holds this generation open and needs those after it. */
export interface Follower {
  generation: number;
  /** Rises with all it reads. */
  progress: number;
  /** It stood still for a second while the writer waited for it: from now on the writer does not. */
  isLagging: boolean;
}

const PATIENCE_MS = 1000;

/**
 * What writer and readers of one log know of each other, on the main thread. Files are numbered by generation, 0 for the
 * one the writer found; generation g is at index `generation - g`. Files change their numbers only while `isRotating`:
 * whoever opens or renames one does it in the turn in which `while (isRotating) await changed()` ended.
 */
export class LiveLog {
  readonly #maxFiles: number;
  readonly followers = new Set<Follower>();
  generation = 0;
  isRotating = false;
  isClosed = false;
  /** Waits until all that was written before the call is on disk. */
  settle: () => Promise<void> = async () => {};
  #wake = Promise.withResolvers<void>();

  constructor(maxFiles: number) {
    this.#maxFiles = maxFiles;
  }

  /** Something was written, rotated or closed. */
  notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers<void>();
  }

  changed(): Promise<void> {
    return this.#wake.promise;
  }

  rotated(): void {
    this.generation++;
    this.isRotating = false;
    this.notify();
  }

  /** Waits for the followers, but for none that stands still. */
  async waitForFollowers(): Promise<void> {
    for (let blockers = this.#blockers(); blockers.length > 0; blockers = this.#blockers()) {
      const before = blockers.map((follower) => follower.progress);
      const deadline = Date.now() + PATIENCE_MS;
      const moved = (): boolean => blockers.some((follower, i) => follower.progress !== before[i]);
      while (!moved() && Date.now() < deadline && this.#blockers().length > 0) await sleep(2);
      if (!moved()) for (const follower of this.#blockers()) follower.isLagging = true;
    }
  }

  #blockers(): Follower[] {
    const first = this.generation + 1 - this.#maxFiles;
    return [...this.followers].filter((follower) => !follower.isLagging && follower.generation < first);
  }
}

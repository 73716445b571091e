import type { ContainerWaitResponse } from '../api/index.ts';
import type { WaitCondition } from './contract.ts';

interface Waiter {
  condition: WaitCondition;
  resolve(outcome: ContainerWaitResponse): void;
}

/** Who waits for one container's end. Registration is synchronous: nothing that happens after it is missed. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  add(condition: WaitCondition, signal?: AbortSignal): Promise<ContainerWaitResponse> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { condition, resolve };
      this.#waiting.add(waiter);
      signal?.addEventListener(
        'abort',
        () => {
          this.#waiting.delete(waiter);
          reject(signal.reason);
        },
        { once: true },
      );
    });
  }

  /** The process ended. */
  exited(exitCode: number): void {
    this.#settle((waiter) => waiter.condition !== 'removed', { StatusCode: exitCode });
  }

  /** The container is gone: nothing more will come, whatever was waited for. */
  removed(exitCode: number): void {
    this.#settle(() => true, { StatusCode: exitCode });
  }

  removalFailed(exitCode: number, message: string): void {
    const outcome = { StatusCode: exitCode, Error: { Message: message } };
    this.#settle((waiter) => waiter.condition === 'removed', outcome);
  }

  #settle(isMeant: (waiter: Waiter) => boolean, outcome: ContainerWaitResponse): void {
    for (const waiter of this.#waiting) {
      if (!isMeant(waiter)) continue;
      this.#waiting.delete(waiter);
      waiter.resolve(outcome);
    }
  }
}

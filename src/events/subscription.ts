import type { EventMessage } from '../api/index.ts';
import type { EventFilter } from './contract.ts';
import type { Stamped } from './events.ts';

const MAX_BEHIND = 1024;

/** One reader of the bus: a bounded queue. Full, it ends after what it holds, so that nobody waits for a slow client. */
export class Subscription implements AsyncIterableIterator<EventMessage> {
  readonly #filter: EventFilter;
  readonly #queue: EventMessage[] = [];
  readonly #ends: (() => void)[];
  #waiting: ((result: IteratorResult<EventMessage>) => void) | undefined;
  #isEnded = false;

  constructor(filter: EventFilter, onEnd: () => void) {
    this.#filter = filter;
    this.#ends = [onEnd];
  }

  onEnd(listener: () => void): void {
    this.#ends.push(listener);
  }

  offer({ event, ns }: Stamped): void {
    const { sinceNs, untilNs, matches } = this.#filter;
    if (this.#isEnded || (sinceNs !== undefined && ns < sinceNs)) return;
    if (untilNs !== undefined && ns > untilNs) return;
    if (matches !== undefined && !matches(event)) return;
    if (this.#waiting !== undefined) {
      const resolve = this.#waiting;
      this.#waiting = undefined;
      resolve({ done: false, value: event });
    } else if (this.#queue.push(event) >= MAX_BEHIND) this.end();
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
    for (const listener of this.#ends) listener();
  }

  async next(): Promise<IteratorResult<EventMessage>> {
    const event = this.#queue.shift();
    if (event !== undefined) return { done: false, value: event };
    if (this.#isEnded) return { done: true, value: undefined };
    return await new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }

  async return(): Promise<IteratorResult<EventMessage>> {
    this.#queue.length = 0;
    this.end();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}

import type { EventMessage } from '../api/index.ts';

export interface EventFilter {
  /** Inclusive; seconds with fraction, as strings of Docker's `since`/`until` already turned into nanoseconds. */
  sinceNs?: bigint;
  untilNs?: bigint;
  matches?(event: EventMessage): boolean;
}

/** What happened, for `GET /events` and for rooms that react. The last 256 are kept. */
export interface Events {
  publish(type: string, action: string, actor: { id: string; attributes?: Record<string, string> }): void;
  /**
   * Past events of the ring (only when `sinceNs` or `untilNs` is given), then live ones until `signal` or `untilNs`; a
   * subscriber that falls 1,024 behind is ended. The subscription stands from this call on, not from the first `next()`.
   */
  subscribe(filter: EventFilter, signal: AbortSignal): AsyncIterable<EventMessage>;
  /** A synchronous listener inside the daemon. Returns the unsubscribe. */
  listen(listener: (event: EventMessage) => void): () => void;
}

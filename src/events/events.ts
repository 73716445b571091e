import type { EventMessage } from '../api/index.ts';
import { longTimer } from '../lib/index.ts';
import type { EventFilter, Events } from './contract.ts';
import { Subscription } from './subscription.ts';

const RING = 256;

interface Needs {
  /** Unix time in milliseconds, fractions welcome. */
  now(): number;
}

/** An event and its time, which a JavaScript number holds only to about 256 ns. */
export interface Stamped {
  event: EventMessage;
  ns: bigint;
}

export function createEvents({ now }: Needs): Events {
  const ring: Stamped[] = [];
  const subscriptions = new Set<Subscription>();
  const listeners = new Set<(event: EventMessage) => void>();
  let lastNs = 0n;

  /** Strictly later than the event before, so that a client that resumes with `since` can tell them apart. */
  const stamp = (): bigint => {
    const ms = now();
    const ns = BigInt(Math.floor(ms)) * 1_000_000n + BigInt(Math.floor((ms % 1) * 1e6));
    lastNs = ns > lastNs ? ns : lastNs + 1000n;
    return lastNs;
  };

  return {
    publish(type, action, actor) {
      const ns = stamp();
      const event: EventMessage = {
        Type: type as Exclude<EventMessage['Type'], undefined>,
        Action: action,
        Actor: { ID: actor.id, Attributes: { ...actor.attributes } },
        scope: 'local',
        time: Number(ns / 1_000_000_000n),
        timeNano: Number(ns),
      };
      const stamped = { event, ns };
      ring.push(stamped);
      if (ring.length > RING) ring.shift();
      for (const subscription of subscriptions) subscription.offer(stamped);
      for (const listener of listeners) listener(event);
    },

    subscribe(filter, signal) {
      const subscription = new Subscription(filter, () => subscriptions.delete(subscription));
      for (const past of pastEvents(ring, filter)) subscription.offer(past);
      const leftMs = filter.untilNs === undefined ? undefined : Number(filter.untilNs / 1_000_000n) - now();
      if (signal.aborted || (leftMs !== undefined && leftMs <= 0)) subscription.end();
      else follow(subscription, leftMs, signal, subscriptions);
      return subscription;
    },

    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

const pastEvents = (ring: readonly Stamped[], filter: EventFilter): readonly Stamped[] =>
  filter.sinceNs === undefined && filter.untilNs === undefined ? [] : ring;

function follow(
  subscription: Subscription,
  leftMs: number | undefined,
  signal: AbortSignal,
  subscriptions: Set<Subscription>,
): void {
  subscriptions.add(subscription);
  const stop = (): void => subscription.end();
  const cancel = leftMs === undefined ? undefined : longTimer(leftMs, stop);
  signal.addEventListener('abort', stop, { once: true });
  subscription.onEnd(() => {
    cancel?.();
    signal.removeEventListener('abort', stop);
  });
}

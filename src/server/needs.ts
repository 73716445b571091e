import type { Builder } from '../build/index.ts';
import type { Containers } from '../containers/index.ts';
import type { Events } from '../events/index.ts';
import type { Images } from '../images/index.ts';
import type { Networks } from '../networks/index.ts';
import type { System } from '../system/index.ts';
import type { Volumes } from '../volumes/index.ts';

/** The rooms behind the API. The front only decodes, calls and encodes. */
export interface Rooms {
  containers: Containers;
  images: Images;
  volumes: Volumes;
  networks: Networks;
  builder: Builder;
  events: Events;
  system: System;
}

/** What a listening address asks of its requests. */
export interface Guard {
  /** A TCP address: browsers can reach it, so Host, Origin and Sec-Fetch-Site are checked. */
  isTcp: boolean;
  /** Names that `Host` may have besides loopback ones. Undefined: any (mutual TLS already says who asks). */
  hosts: readonly string[] | undefined;
}

export interface ServerNeeds {
  rooms: Rooms;
  /** Our own version, for the `Server` header. */
  version: string;
  /** A request failed in a way its client did not cause. */
  onFault(where: string, error: unknown): void;
}

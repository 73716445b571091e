import type { KeyedMutex } from '../lib/index.ts';
import type { Directory } from './directory.ts';
import type { InitLayers } from './init-layer.ts';
import type { ContainersNeeds } from './needs.ts';
import type { Records } from './records.ts';
import type { HostFacts } from './spec/host-facts.ts';

/** What the verbs of this room share. Each takes only the part it uses (`Pick<Context, …>`). */
export interface Context extends ContainersNeeds {
  directory: Directory;
  records: Records;
  initLayers: InitLayers;
  /** By container id: state changes one at a time. Never held while waiting for a process to end. */
  locks: KeyedMutex<string>;
  facts: HostFacts;
  /** What to do when a container's process has ended by itself; set by the factory. */
  isShuttingDown(): boolean;
  warn(message: string): void;
}

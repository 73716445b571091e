import type { KeyedMutex } from '../lib/index.ts';
import type { ImageTable } from './image-table.ts';
import type { Leftovers } from './leftovers.ts';
import type { ImageNeeds } from './needs.ts';

/** What the verbs of this room work on. */
export interface Room {
  table: ImageTable;
  leftovers: Leftovers;
  needs: ImageNeeds;
  /** Changes of the table go one at a time. */
  lock: KeyedMutex<'table'>;
}

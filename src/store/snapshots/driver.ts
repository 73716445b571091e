import type { Entry, Layout } from './layout.ts';

/** What differs between the ways to make a layered file system. */
export interface Driver {
  readonly form: 'overlay' | 'copy';
  /** Makes `fs` (and what goes with it) in the entry's own folder, which exists. */
  prepare(layout: Layout, entry: Entry): void | Promise<void>;
  mount(layout: Layout, entry: Entry, target: string): void;
  unmount(layout: Layout, entry: Entry, target: string): void;
  /** An O_PATH fd of the root, mounted nowhere. */
  open(layout: Layout, entry: Entry): number;
  /** Folders of the merged view, top first. */
  chain(layout: Layout, entry: Entry): string[];
}

import { mkdirSync } from 'node:fs';
import { bindMount, O_DIRECTORY, O_PATH, openAt, unmount } from '../../host/index.ts';
import type { Driver } from './driver.ts';
import type { Entry, Layout } from './layout.ts';

const AT_FDCWD = -100;

/** The folder of a view is its parent's. */
function treeOf(layout: Layout, entry: Entry): string {
  return layout.fs(entry.kind === 'view' && entry.parent !== undefined ? entry.parent : entry);
}

/** For file systems that cannot carry an overlay: every snapshot is a whole tree. */
export function copyDriver(copyTree: (from: string, to: string) => Promise<void>): Driver {
  return {
    form: 'copy',
    async prepare(layout, entry) {
      if (entry.kind === 'view') return;
      mkdirSync(layout.fs(entry), { mode: 0o755 });
      if (entry.parent !== undefined) await copyTree(layout.fs(entry.parent), layout.fs(entry));
    },
    mount: (layout, entry, target) => bindMount(treeOf(layout, entry), target, { readOnly: entry.kind === 'view' }),
    unmount(_layout, _entry, target) {
      unmount(target);
    },
    open: (layout, entry) => openAt(AT_FDCWD, Buffer.from(treeOf(layout, entry)), O_PATH | O_DIRECTORY),
    chain(layout, entry) {
      const own = entry.kind === 'view' ? [] : [layout.fs(entry)];
      return entry.parent === undefined ? own : [...own, layout.fs(entry.parent)];
    },
  };
}

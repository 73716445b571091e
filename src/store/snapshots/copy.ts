import { chmodSync, mkdirSync } from 'node:fs';
import { bindMount, closeFd, openFolder, unmount } from '../../host/index.ts';
import { WorkerPool } from '../layers/worker-pool.ts';
import type { Driver } from './driver.ts';
import type { Entry, Layout } from './layout.ts';

const FS = Buffer.from('fs');

/** The folder of a view is its parent's. */
function treeOf(layout: Layout, entry: Entry): string {
  return layout.fs(entry.kind === 'view' && entry.parent !== undefined ? entry.parent : entry);
}

/** For file systems that cannot carry an overlay: every snapshot is a whole tree. */
export function createCopyDriver(): Driver {
  const pool = new WorkerPool();
  return {
    form: 'copy',
    async prepare(layout, entry) {
      if (entry.kind === 'view') return;
      mkdirSync(layout.fs(entry));
      chmodSync(layout.fs(entry), 0o755);
      if (entry.parent === undefined) return;
      const fromFd = openFolder(layout.own(entry.parent));
      const toFd = openFolder(layout.own(entry));
      try {
        await pool.run({ op: 'copy', fromFd, from: FS, toFd, to: FS, rules: {} });
      } finally {
        closeFd(fromFd);
        closeFd(toFd);
      }
    },
    mount: (layout, entry, target) => bindMount(treeOf(layout, entry), target, { readOnly: entry.kind === 'view' }),
    unmount(_layout, _entry, target) {
      unmount(target);
    },
    open: (layout, entry) => openFolder(treeOf(layout, entry)),
    chain(layout, entry) {
      const own = entry.kind === 'view' ? [] : [layout.fs(entry)];
      return entry.parent === undefined ? own : [...own, layout.fs(entry.parent)];
    },
  };
}

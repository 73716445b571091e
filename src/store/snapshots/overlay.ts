import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import {
  bindMount,
  mountOverlay,
  type OverlayLayers,
  openFolder,
  openOverlay,
  takesLayerByLayer,
  unmount,
  unmountLater,
} from '../../host/index.ts';
import type { Driver } from './driver.ts';
import type { Entry, Layout } from './layout.ts';

/**
 * A layer must not lead to what a lower one hides (`redirect_dir`), nor a name to another name's data (`metacopy`), and a chain
 * may be mounted more than once (`index`): the kernel's defaults differ from host to host.
 */
const SAFE = ['redirect_dir=nofollow', 'metacopy=off', 'index=off'];

function lowerDirs(layout: Layout, entry: Entry): string[] {
  const dirs: string[] = [];
  for (let at = entry.parent; at !== undefined; at = at.parent) dirs.push(layout.fs(at));
  return dirs;
}

/** The layers to mount, or the one folder that is the whole file system already. */
function plan(layout: Layout, entry: Entry): { single: string; readOnly: boolean } | { layers: OverlayLayers } {
  const lower = lowerDirs(layout, entry);
  if (entry.kind === 'view') {
    const [only] = lower;
    if (lower.length === 1 && only !== undefined) return { single: only, readOnly: true };
    return { layers: { lower, options: SAFE } };
  }
  const upper = layout.fs(entry);
  if (lower.length === 0) return { single: upper, readOnly: false };
  const work = layout.work(entry);
  return { layers: { lower, upper, work, options: entry.isVolatile ? [...SAFE, 'volatile'] : SAFE } };
}

function removeVolatileMark(work: string): void {
  const mark = `${work}/work/incompat`;
  rmSync(mark, { recursive: true, force: true });
}

/** Empties what the kernel puts into a work folder, and removes it. Throws when the kernel left more there. */
export function removeWork(work: string): void {
  try {
    rmdirSync(`${work}/work`);
  } catch {
    removeVolatileMark(work);
    rmSync(`${work}/work`, { recursive: true, force: true });
  }
  rmdirSync(work);
}

/** The kernel refuses a volatile overlay again until the mark of the last time is gone, and needs its work folder. */
function makeWork(layout: Layout, entry: Entry): void {
  const work = layout.work(entry);
  mkdirSync(work, { recursive: true, mode: 0o700 });
  if (entry.isVolatile) removeVolatileMark(work);
}

export const overlayDriver: Driver = {
  form: 'overlay',

  prepare(layout, entry) {
    if (entry.kind === 'view') return;
    mkdirSync(layout.fs(entry));
    // Whatever the umask: this is the container's root.
    chmodSync(layout.fs(entry), 0o755);
    if (entry.parent !== undefined) mkdirSync(layout.work(entry), { mode: 0o700 });
  },

  mount(layout, entry, target) {
    const what = plan(layout, entry);
    if ('single' in what) {
      bindMount(what.single, target, { readOnly: what.readOnly });
      return;
    }
    if (entry.kind === 'active') makeWork(layout, entry);
    mountOverlay(what.layers, target);
  },

  unmount(_layout, entry, target) {
    const hasSync = entry.kind === 'active' && entry.parent !== undefined && !entry.isVolatile;
    if (hasSync) unmountLater(target);
    else unmount(target);
  },

  open(layout, entry) {
    const what = plan(layout, entry);
    if ('single' in what) return openFolder(what.single);
    if (entry.kind === 'active') makeWork(layout, entry);
    if (takesLayerByLayer()) {
      try {
        return openOverlay(what.layers);
      } catch (error) {
        if (takesLayerByLayer()) throw error;
      }
    }
    return openBehindAMount(layout, what.layers);
  },

  chain: (layout, entry) => (entry.kind === 'view' ? [] : [layout.fs(entry)]).concat(lowerDirs(layout, entry)),
};

/** Older kernels cannot make a detached overlay: mounted for a moment, the fd keeps it. */
function openBehindAMount(layout: Layout, layers: OverlayLayers): number {
  const target = mkdtempSync(`${layout.dir}/mount-`);
  try {
    mountOverlay(layers, target);
    try {
      return openFolder(target);
    } finally {
      unmount(target);
    }
  } finally {
    rmdirSync(target);
  }
}

import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SnapshotKey } from './contract.ts';
import { parseSnapshotKey } from './key.ts';

/**
 * On disk, one folder per snapshot; which folder it stands in is its kind, so that a commit is one rename:
 *
 *   active/<key>/    fs  work  parent -> durable/<parent>      committed/<name>/  fs  parent  synced
 *   view/<key>/      parent                                    trash/  boot
 *
 * `parent` is a symlink made last (a folder without it is a leftover of a crash); its text is never followed.
 */
export type Kind = 'active' | 'view' | 'committed';

export const KINDS: readonly Kind[] = ['committed', 'active', 'view'];

/** A snapshot as it is kept in memory. */
export interface Entry {
  key: SnapshotKey;
  kind: Kind;
  parent: Entry | undefined;
  isVolatile: boolean;
  /** Number of committed layers at and below it. */
  depth: number;
  children: number;
  isSynced: boolean;
  /** Where this process mounted it last. */
  mountedAt: string | undefined;
}

const NO_PARENT = '-';

export class Layout {
  readonly dir: string;

  constructor(dir: string) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true, mode: 0o700 });
    for (const kind of KINDS) mkdirSync(join(dir, kind), { recursive: true, mode: 0o700 });
  }

  own(entry: { kind: Kind; key: SnapshotKey }): string {
    return `${this.dir}/${entry.kind}/${entry.key}`;
  }

  fs(entry: { kind: Kind; key: SnapshotKey }): string {
    return `${this.own(entry)}/fs`;
  }

  work(entry: { kind: Kind; key: SnapshotKey }): string {
    return `${this.own(entry)}/work`;
  }

  writeParent(entry: Entry): void {
    const text = `${entry.isVolatile ? 'volatile' : 'durable'}/${entry.parent?.key ?? NO_PARENT}`;
    symlinkSync(text, `${this.own(entry)}/parent`);
  }

  markSynced(entry: Entry): void {
    writeFileSync(`${this.own(entry)}/synced`, '');
  }

  /** Whole snapshots with parents resolved, and the folders that are none. */
  read(): { entries: Map<SnapshotKey, Entry>; leftovers: string[] } {
    const found = new Map<SnapshotKey, { entry: Entry; parent: SnapshotKey | undefined }>();
    const leftovers: string[] = [];
    for (const kind of KINDS)
      for (const name of readdirSync(join(this.dir, kind))) {
        const own = join(this.dir, kind, name);
        const read = this.#readOne(kind, name);
        if (read === undefined || found.has(read.entry.key)) leftovers.push(own);
        else found.set(read.entry.key, read);
      }
    const entries = new Map<SnapshotKey, Entry>();
    // Parents first; a snapshot whose parent is gone, or that is its own ancestor, is a leftover.
    const resolve = (key: SnapshotKey, path: Set<SnapshotKey>): Entry | undefined => {
      const known = entries.get(key);
      const one = found.get(key);
      if (known !== undefined || one === undefined || path.has(key)) return known;
      path.add(key);
      const parent = one.parent === undefined ? undefined : resolve(one.parent, path);
      if (one.parent !== undefined && parent?.kind !== 'committed') return undefined;
      one.entry.parent = parent;
      one.entry.depth = (parent?.depth ?? 0) + (one.entry.kind === 'committed' ? 1 : 0);
      if (parent !== undefined) parent.children++;
      entries.set(key, one.entry);
      return one.entry;
    };
    for (const [key, { entry }] of found) if (resolve(key, new Set()) === undefined) leftovers.push(this.own(entry));
    return { entries, leftovers };
  }

  #readOne(kind: Kind, name: string): { entry: Entry; parent: SnapshotKey | undefined } | undefined {
    try {
      const own = join(this.dir, kind, name);
      const [mode, parent] = readlinkSync(`${own}/parent`).split('/');
      if (mode === undefined || parent === undefined) return undefined;
      if (kind !== 'view') lstatSync(`${own}/fs`);
      const entry: Entry = {
        key: parseSnapshotKey(name),
        kind,
        parent: undefined,
        isVolatile: mode === 'volatile',
        depth: 0,
        children: 0,
        isSynced: lstatSync(`${own}/synced`, { throwIfNoEntry: false }) !== undefined,
        mountedAt: undefined,
      };
      return { entry, parent: parent === NO_PARENT ? undefined : parseSnapshotKey(parent) };
    } catch {
      return undefined;
    }
  }

  /** The boot in which this folder was last opened; writes the new one. */
  exchangeBoot(bootId: string): string | undefined {
    const file = join(this.dir, 'boot');
    let before: string | undefined;
    try {
      before = readFileSync(file, 'utf8').trim();
    } catch {
      // First use.
    }
    if (before !== bootId) writeFileSync(file, bootId);
    return before;
  }
}

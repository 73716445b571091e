import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { formatHeader, padOf, TAR_END, type TarEntry, tarEntry } from '../../lib/index.ts';

export interface PackOptions {
  /** Leaves out what it says no to; a folder left out may still be walked when `descend` says so. */
  includes?: (path: string, isFolder: boolean) => boolean;
  descends?: (path: string) => boolean;
  /** The owner of every entry; the files' own without it. */
  owner?: { uid: number; gid: number };
}

interface Found {
  /** On this machine. */
  path: string;
  /** In the archive. */
  name: string;
  stats: Stats;
}

/** What is below `folder`, sorted by name, folders before their contents; sockets are left out. */
function* walk(folder: string, prefix: string, options: PackOptions): Generator<Found> {
  for (const entry of readdirSync(folder).sort()) {
    const name = prefix === '' ? entry : `${prefix}/${entry}`;
    const path = join(folder, entry);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined || stats.isSocket()) continue;
    const isIncluded = options.includes?.(name, stats.isDirectory()) ?? true;
    if (isIncluded) yield { path, name, stats };
    if (stats.isDirectory() && (isIncluded || (options.descends?.(name) ?? false))) yield* walk(path, name, options);
  }
}

function header({ path, name, stats }: Found, owner: PackOptions['owner'], links: Map<string, string>): TarEntry {
  const common: Partial<TarEntry> = {
    mode: stats.mode & 0o7777,
    uid: owner?.uid ?? stats.uid,
    gid: owner?.gid ?? stats.gid,
    mtimeSec: Math.floor(stats.mtimeMs / 1000),
  };
  if (stats.isDirectory()) return tarEntry('directory', `${name}/`, common);
  if (stats.isSymbolicLink())
    return tarEntry('symlink', name, { ...common, linkName: readlinkSync(path, { encoding: 'buffer' }) });
  if (stats.isFIFO()) return tarEntry('fifo', name, common);
  if (!stats.isFile()) {
    const minor = (stats.rdev & 0xff) | ((stats.rdev >> 12) & 0xfff00);
    return tarEntry(stats.isBlockDevice() ? 'block' : 'character', name, {
      ...common,
      deviceMajor: (stats.rdev >> 8) & 0xfff,
      deviceMinor: minor,
    });
  }
  const inode = `${stats.dev}:${stats.ino}`;
  const first = stats.nlink > 1 ? links.get(inode) : undefined;
  if (first !== undefined) return tarEntry('hardlink', name, { ...common, linkName: Buffer.from(first) });
  if (stats.nlink > 1) links.set(inode, name);
  return tarEntry('file', name, { ...common, sizeBytes: stats.size });
}

async function* fileBody(path: string, sizeBytes: number): AsyncGenerator<Buffer> {
  let left = sizeBytes;
  if (left > 0) {
    for await (const chunk of createReadStream(path, { end: sizeBytes - 1, highWaterMark: 1 << 18 })) {
      left -= (chunk as Buffer).length;
      yield chunk as Buffer;
    }
  }
  // A file that shrank while it was read: the archive keeps its promise of length.
  while (left > 0) {
    const zeros = Buffer.alloc(Math.min(left, 1 << 16));
    left -= zeros.length;
    yield zeros;
  }
  if (padOf(sizeBytes) > 0) yield Buffer.alloc(padOf(sizeBytes));
}

async function* entries(found: Iterable<Found>, options: PackOptions): AsyncGenerator<Buffer> {
  const links = new Map<string, string>();
  let small: Buffer[] = [];
  let smallBytes = 0;
  for (const one of found) {
    const entry = header(one, options.owner, links);
    small.push(formatHeader(entry));
    smallBytes += 512;
    if (entry.type === 'file') {
      for await (const chunk of fileBody(one.path, entry.sizeBytes)) {
        small.push(chunk);
        smallBytes += chunk.length;
      }
    }
    if (smallBytes < 1 << 18) continue;
    yield Buffer.concat(small);
    small = [];
    smallBytes = 0;
  }
  yield Buffer.concat([...small, TAR_END]);
}

/** A tar of what is in `folder` (not of the folder itself). */
export const packFolder = (folder: string, options: PackOptions = {}): Readable =>
  Readable.from(entries(walk(folder, '', options), options), { objectMode: false });

/** A tar of one path under the name `as`: a folder with all that is in it, a file, a link. */
export function packPath(path: string, as: string, options: PackOptions = {}): Readable {
  const all = function* (): Generator<Found> {
    const stats = lstatSync(path);
    yield { path, name: as, stats };
    if (stats.isDirectory()) yield* walk(path, as, options);
  };
  return Readable.from(entries(all(), options), { objectMode: false });
}

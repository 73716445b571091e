import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { invalidParameter } from '../../errors/index.ts';
import { readTar, type TarEntry } from '../../lib/index.ts';

export interface ExtractOptions {
  /** Where entries go, by their cleaned name; undefined skips one. */
  rename(name: string): string | undefined;
  keepOwner: boolean;
}

/**
 * Writes an archive that a daemon sent below `root`. The daemon and the container are not trusted (security.md §5, L-05): names
 * are cleaned, no component of a path may be a symlink that the archive made, devices are refused, setuid bits are dropped.
 */
export async function extractBelow(
  root: string,
  tar: AsyncIterable<Uint8Array>,
  options: ExtractOptions,
): Promise<void> {
  const madeLinks = new Set<string>();
  const folders: { path: string; entry: TarEntry }[] = [];
  for await (const { entry, body } of readTar(tar)) {
    const name = cleanName(entry.name.toString());
    const target = options.rename(name);
    if (target === undefined) continue;
    const path = join(root, target);
    refuseLinks(root, target, madeLinks);
    mkdirSync(dirname(path), { recursive: true });
    if (entry.type === 'directory') {
      if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) {
        rmSync(path, { force: true });
        mkdirSync(path);
      }
      folders.push({ path, entry });
      continue;
    }
    if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory())
      throw invalidParameter('cp-over-folder', `cannot overwrite directory ${path} with non-directory`);
    rmSync(path, { force: true });
    await write(path, entry, body, { root, options, madeLinks });
    if (options.keepOwner) lchownSync(path, entry.uid, entry.gid);
    if (entry.type !== 'hardlink') lutimesSync(path, entry.mtimeSec, entry.mtimeSec);
  }
  for (const { path, entry } of folders.toReversed()) {
    chmodSync(path, entry.mode & 0o777);
    if (options.keepOwner) lchownSync(path, entry.uid, entry.gid);
    lutimesSync(path, entry.mtimeSec, entry.mtimeSec);
  }
}

async function write(
  path: string,
  entry: TarEntry,
  body: AsyncIterable<Buffer>,
  within: { root: string; options: ExtractOptions; madeLinks: Set<string> },
): Promise<void> {
  if (entry.type === 'symlink') {
    symlinkSync(entry.linkName, path);
    within.madeLinks.add(path);
    return;
  }
  if (entry.type === 'hardlink') {
    const target = within.options.rename(cleanName(entry.linkName.toString()));
    if (target === undefined) return;
    refuseLinks(within.root, target, within.madeLinks);
    if (existsSync(join(within.root, target))) linkSync(join(within.root, target), path);
    return;
  }
  if (entry.type !== 'file')
    throw invalidParameter('cp-device', `refusing to create ${entry.type} ${path} on this machine`);
  const fd = openSync(
    path,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    entry.mode & 0o777,
  );
  try {
    for await (const chunk of body) writeSync(fd, chunk);
  } finally {
    closeSync(fd);
  }
  chmodSync(path, entry.mode & 0o777);
}

function cleanName(name: string): string {
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..') || name.includes('\0'))
    throw invalidParameter(
      'cp-hostile',
      `the archive names a path outside of its destination: ${JSON.stringify(name)}`,
    );
  return parts.join('/');
}

function refuseLinks(root: string, target: string, madeLinks: ReadonlySet<string>): void {
  let path = root;
  for (const part of target.split('/').slice(0, -1)) {
    path = join(path, part);
    if (madeLinks.has(path))
      throw invalidParameter('cp-hostile', `the archive writes through a link of its own: ${path}`);
  }
}

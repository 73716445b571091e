import { writeFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { invalidParameter } from '../../errors/index.ts';
import type { Layers } from '../../store/index.ts';
import type { CopyOp } from '../graph/vertex.ts';
import { severalNeedFolder } from '../lower/instructions/copy.ts';
import { openArchive } from './archive.ts';
import { parseChmod } from './chmod.ts';
import { type Owner, resolveChown } from './owner.ts';
import { isFolderMode, isLinkMode, linkedPath, MAX_LINKS, type Source, statOf } from './sources.ts';

export interface CopyPlace {
  /** Mounted root that is written to. */
  root: string;
  /** Tree that is read. */
  from: string;
  isContext: boolean;
  sources: readonly Source[];
  makeFolder(name: string): Promise<string>;
  signal: AbortSignal;
}

/** COPY and ADD of local files. Everything is resolved inside the two roots by `layers`. */
export async function runCopy(op: CopyOp, place: CopyPlace, layers: Layers): Promise<void> {
  const owner = op.chown === undefined ? undefined : await resolveChown(op.chown, place.root, layers);
  const attributes = {
    ...(owner === undefined ? {} : { owner }),
    ...(op.exclude.length > 0 ? { exclude: op.exclude } : {}),
    ...chmodOf(op),
  };
  const folder = await destinationFolder(op, place, layers);
  const count = place.sources.length + op.inline.length;
  if (folder === undefined && count > 1) throw severalNeedFolder(op.instruction);

  for (const source of place.sources) {
    place.signal.throwIfAborted();
    if (source.isFolder) {
      const to = op.parents ? posix.join(op.dest, source.target) : trimSlash(op.dest);
      await makeFolders(to, owner, place.root, layers);
      await layers.copy({
        from: { root: place.from, path: source.path },
        to: { root: place.root, path: to },
        contentsOnly: true,
        ...attributes,
      });
      continue;
    }
    if (op.unpack && place.isContext && (await unpack(source, op, owner, place, layers))) continue;
    await copyFile(place.from, source.path, folder, source.target, op, owner, attributes, place, layers);
  }
  await copyInline(op, folder, owner, attributes, place, layers);
}

type Attributes = Pick<Parameters<Layers['copy']>[0], 'owner' | 'exclude' | 'chmod' | 'chmodSymbolic'>;

/** The folder that files go into; undefined when `dest` is the file's own new name. */
async function destinationFolder(op: CopyOp, place: CopyPlace, layers: Layers): Promise<string | undefined> {
  if (op.dest.endsWith('/') || op.parents) return trimSlash(op.dest);
  const stat = await statOf(`${op.dest}/.`, place.root, layers).catch(() => undefined);
  return stat !== undefined && isFolderMode(stat.mode) ? op.dest : undefined;
}

async function copyFile(
  fromRoot: string,
  fromPath: string,
  folder: string | undefined,
  name: string,
  op: CopyOp,
  owner: Owner | undefined,
  attributes: Attributes,
  place: CopyPlace,
  layers: Layers,
): Promise<void> {
  const to = await followDestination(folder === undefined ? op.dest : posix.join(folder, name), place.root, layers);
  await makeFolders(posix.dirname(to), owner, place.root, layers);
  const { exclude: _, ...rest } = attributes;
  await layers.copy({ from: { root: fromRoot, path: fromPath }, to: { root: place.root, path: to }, ...rest });
}

/** A link at the destination is written through, inside the root, also when what it names is not there yet. */
async function followDestination(path: string, root: string, layers: Layers): Promise<string> {
  let at = path;
  for (let count = 0; count < MAX_LINKS; count++) {
    const stat = await statOf(at, root, layers);
    if (stat === undefined || !isLinkMode(stat.mode)) return at;
    at = linkedPath(at, stat.linkTarget);
  }
  throw invalidParameter('link-loop', `too many levels of symbolic links: ${path}`);
}

async function copyInline(
  op: CopyOp,
  folder: string | undefined,
  owner: Owner | undefined,
  attributes: Attributes,
  place: CopyPlace,
  layers: Layers,
): Promise<void> {
  if (op.inline.length === 0) return;
  const scratch = await place.makeFolder(`inline-${place.root.slice(place.root.lastIndexOf('-') + 1)}`);
  for (const [index, file] of op.inline.entries()) {
    await writeFile(join(scratch, `${index}`), file.content, { mode: 0o644 });
    const name = posix.basename(file.name);
    await copyFile(scratch, `/${index}`, folder, name, op, owner, attributes, place, layers);
  }
}

/** ADD of a tar: its files land below the destination, with their own owners unless `--chown` says otherwise. */
async function unpack(
  source: Source,
  op: CopyOp,
  owner: Owner | undefined,
  place: CopyPlace,
  layers: Layers,
): Promise<boolean> {
  const archive = await openArchive(place.from, source.path);
  if (archive === undefined) return false;
  const to = trimSlash(op.dest);
  await makeFolders(to, owner, place.root, layers);
  await layers.extract(place.root, to, archive, owner === undefined ? {} : { owner }, place.signal);
  return true;
}

async function makeFolders(path: string, owner: Owner | undefined, root: string, layers: Layers): Promise<void> {
  if (path !== '/' && path !== '') await layers.mkdirs(root, path, { ...owner, mode: 0o755 });
}

function chmodOf(op: CopyOp): Pick<Attributes, 'chmod' | 'chmodSymbolic'> {
  if (op.chmod === undefined) return {};
  const change = parseChmod(op.chmod);
  return change.kind === 'octal' ? { chmod: change.mode } : { chmodSymbolic: op.chmod };
}

const trimSlash = (path: string): string => (path === '/' ? path : path.replace(/\/+$/, ''));

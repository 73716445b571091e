import { posix } from 'node:path';
import { invalidParameter, isEngineError } from '../../errors/index.ts';
import type { Layers } from '../../store/index.ts';
import { createMatcher } from '../dockerfile/index.ts';
import type { CopyOp } from '../graph/vertex.ts';
import type { ContentSource } from '../solver/keys.ts';

const TYPE_MASK = 0o170000;
const FOLDER = 0o040000;
const LINK = 0o120000;
export const MAX_LINKS = 40;

export const isFolderMode = (mode: number): boolean => (mode & TYPE_MASK) === FOLDER;
export const isLinkMode = (mode: number): boolean => (mode & TYPE_MASK) === LINK;

/** Where a link leads. Not normalised: `..` is for the kernel to resolve, inside the root. */
export const linkedPath = (link: string, target: string): string =>
  target.startsWith('/') ? target : `${posix.dirname(link)}/${target}`;

/** One thing to copy: a file or folder below the tree's root, links followed. */
export interface Source {
  /** Path below the root, absolute, after links. */
  path: string;
  /** Its name, or with `--parents` its path from the pivot on. */
  target: string;
  isFolder: boolean;
}

type TreeReader = Pick<Layers, 'stat' | 'glob'>;

/** What the words of a COPY or ADD name, in order. @throws invalid-parameter with Docker's text when nothing is there */
export async function resolveSources(
  op: CopyOp,
  root: string,
  fromContext: boolean,
  layers: TreeReader,
): Promise<Source[]> {
  const excluded = createMatcher(op.exclude);
  const found: Source[] = [];
  for (const word of op.sources) {
    for (const { path, target } of await expandWord(word, op.parents, root, layers)) {
      const source = await follow(path, target, root, layers);
      if (source === undefined) throw await missing(op, word, root, fromContext, layers);
      if (source.isFolder || !excluded.matches(posix.basename(path))) found.push(source);
    }
  }
  if (found.length === 0 && op.inline.length === 0 && op.exclude.length === 0) {
    throw invalidParameter('no-copy-sources', `${op.instruction} failed: no source files were specified`);
  }
  return found;
}

/** What a content key is made of: each source's path and the hash of what is there. */
export async function hashSources(
  op: CopyOp,
  sources: readonly Source[],
  root: string,
  layers: Pick<Layers, 'contentHash'>,
): Promise<ContentSource[]> {
  return Promise.all(
    sources.map(async ({ path, target, isFolder }): Promise<ContentSource> => {
      const options = { ...(op.exclude.length > 0 ? { exclude: op.exclude } : {}), contentsOnly: isFolder };
      // The name is part of the outcome wherever the destination is a folder.
      return [path, `${target} ${await layers.contentHash(root, path, options)}`];
    }),
  );
}

const hasWildcard = (word: string): boolean => /[*?[\\]/.test(word);

async function expandWord(
  word: string,
  parents: boolean,
  root: string,
  layers: TreeReader,
): Promise<{ path: string; target: string }[]> {
  const pivot = parents ? word.indexOf('/./') : -1;
  const skipped = pivot < 0 ? 0 : posix.resolve('/', word.slice(0, pivot)).split('/').filter(Boolean).length;
  const pattern = posix.resolve('/', word);
  const paths = hasWildcard(word) ? await layers.glob(root, pattern.slice(1)) : [pattern];
  return paths.map((found) => {
    const path = posix.resolve('/', found);
    const target = parents ? path.split('/').filter(Boolean).slice(skipped).join('/') : posix.basename(path);
    return { path, target };
  });
}

/** A link names what it points to, inside the same root. */
async function follow(path: string, target: string, root: string, layers: TreeReader): Promise<Source | undefined> {
  let at = path;
  for (let count = 0; count < MAX_LINKS; count++) {
    const stat = await statOf(at, root, layers);
    if (stat === undefined) return undefined;
    if (!isLinkMode(stat.mode)) return { path: at, target, isFolder: isFolderMode(stat.mode) };
    at = linkedPath(at, stat.linkTarget);
  }
  return undefined;
}

export async function statOf(
  path: string,
  root: string,
  layers: Pick<Layers, 'stat'>,
): Promise<Awaited<ReturnType<Layers['stat']>> | undefined> {
  try {
    return await layers.stat(root, path);
  } catch (error) {
    if (isEngineError(error, 'not-found')) return undefined;
    throw error;
  }
}

async function missing(
  op: CopyOp,
  word: string,
  root: string,
  fromContext: boolean,
  layers: TreeReader,
): Promise<Error> {
  const where = fromContext ? 'file not found in build context or excluded by .dockerignore: ' : '';
  const path = posix.resolve('/', word).slice(1);
  const message = `${op.instruction} failed: ${where}stat ${path}: file does not exist`;
  const folder = posix.dirname(path);
  const beside = await layers.glob(root, folder === '.' ? '*' : `${folder}/*`).catch(() => []);
  return invalidParameter('copy-source-missing', message, {
    detail: { missingPath: path, beside: beside.map((name) => name.replace(/^\/+/, '')), fromContext },
  });
}

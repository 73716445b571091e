import { createHash } from 'node:crypto';
import { lstat, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { invalidParameter } from '../errors/index.ts';
import type { Layers } from '../store/index.ts';
import type { BuildRequest } from './contract.ts';
import { createMatcher, parseIgnore } from './dockerfile/index.ts';
import type { ContentSource } from './solver/keys.ts';

const MAX_DOCKERFILE_BYTES = 10 * 1024 * 1024;
/** A context up to this is held in memory until something needs its files. */
const SMALL_BYTES = 4 * 1024 * 1024;
const REMEMBERED = 64;

/** The build context: private to this build until it ends. */
export interface BuildContext {
  dockerfile: Buffer;
  /** Its files, on disk when this resolves. */
  root(): Promise<string>;
  /** Content keys worked out before, by instruction: the same bytes came in an earlier build. */
  hashes: Map<string, Promise<ContentSource[]>>;
}

/**
 * What small contexts came to, by the digest of their tar: what follows from the bytes alone need not be worked out
 * again, so that a build where all is cached does not even unpack them.
 */
export class ContextMemory {
  readonly #known = new Map<string, Pick<BuildContext, 'dockerfile' | 'hashes'>>();

  find(key: string): Pick<BuildContext, 'dockerfile' | 'hashes'> | undefined {
    return this.#known.get(key);
  }

  keep(key: string, context: Pick<BuildContext, 'dockerfile' | 'hashes'>): void {
    this.#known.set(key, { dockerfile: context.dockerfile, hashes: context.hashes });
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }
}

interface ContextNeeds {
  layers: Pick<Layers, 'extract' | 'readFile'>;
  memory: ContextMemory;
  /** An empty folder of this build's own. */
  folder: string;
  signal: AbortSignal;
}

/**
 * Takes the context's tar (owner 0:0, as Docker's clients send it) and reads the Dockerfile, inside it only. As in
 * dockerd, `.dockerignore` was applied by the client; here it only hides itself and the Dockerfile from COPY.
 */
export async function openContext(
  request: Pick<BuildRequest, 'context' | 'dockerfile'>,
  needs: ContextNeeds,
): Promise<BuildContext> {
  const path = dockerfilePath(request.dockerfile);
  const { start, rest } = await readStart(request.context);
  const key = rest === undefined ? keyOf(start, path) : undefined;
  const known = key === undefined ? undefined : needs.memory.find(key);
  if (known !== undefined) return { ...known, root: once(() => unpackKnown(start, path, needs)) };
  const root = await unpack(asStream(start, rest), needs);
  const context = { dockerfile: await readDockerfile(root, path, needs), hashes: new Map(), root: async () => root };
  await hideBuildFiles(root, path, needs.layers);
  if (key !== undefined) needs.memory.keep(key, context);
  return context;
}

/** @throws invalid-parameter `dockerfile-outside-context` with Docker's text */
export function dockerfilePath(given: string): string {
  const path = posix.normalize(given === '' ? 'Dockerfile' : given);
  if (path === '..' || path.startsWith('../')) {
    throw invalidParameter('dockerfile-outside-context', `forbidden path outside the build context: ${given} ()`);
  }
  return path.replace(/^\/+/, '');
}

const keyOf = (chunks: readonly Uint8Array[], path: string): string => {
  const hash = createHash('sha256');
  for (const chunk of chunks) hash.update(chunk);
  return `${hash.digest('hex')} ${path}`;
};

/** The first chunks; `rest` is there when it is more than a small context. */
async function readStart(
  source: AsyncIterable<Uint8Array>,
): Promise<{ start: Uint8Array[]; rest: AsyncIterator<Uint8Array> | undefined }> {
  const rest = source[Symbol.asyncIterator]();
  const start: Uint8Array[] = [];
  for (let size = 0; size <= SMALL_BYTES; ) {
    const next = await rest.next();
    if (next.done) return { start, rest: undefined };
    start.push(next.value);
    size += next.value.length;
  }
  return { start, rest };
}

async function* asStream(
  start: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array> | undefined,
): AsyncIterable<Uint8Array> {
  yield* start;
  if (rest !== undefined) yield* { [Symbol.asyncIterator]: () => rest };
}

async function unpack(tar: AsyncIterable<Uint8Array>, { layers, folder, signal }: ContextNeeds): Promise<string> {
  await layers.extract(folder, '/', tar, { owner: { uid: 0, gid: 0 } }, signal);
  return folder;
}

async function unpackKnown(tar: readonly Uint8Array[], path: string, needs: ContextNeeds): Promise<string> {
  const root = await unpack(asStream(tar, undefined), needs);
  await hideBuildFiles(root, path, needs.layers);
  return root;
}

async function readDockerfile(root: string, path: string, { layers }: ContextNeeds): Promise<Buffer> {
  const dockerfile = await layers.readFile(root, path, MAX_DOCKERFILE_BYTES + 1);
  if (dockerfile === undefined) {
    throw invalidParameter('no-dockerfile', `Cannot locate specified Dockerfile: ${path}`);
  }
  if (dockerfile.length > MAX_DOCKERFILE_BYTES) {
    throw invalidParameter('dockerfile-too-large', `the Dockerfile (${path}) is larger than 10 MiB`);
  }
  if (dockerfile.length === 0) {
    throw invalidParameter('empty-dockerfile', `the Dockerfile (${path}) cannot be empty`);
  }
  return dockerfile;
}

async function hideBuildFiles(root: string, dockerfile: string, layers: Pick<Layers, 'readFile'>): Promise<void> {
  const text = await layers.readFile(root, '.dockerignore');
  if (text === undefined) return;
  const matcher = createMatcher(parseIgnore(text.toString('utf8')));
  for (const path of ['.dockerignore', dockerfile]) if (matcher.matches(path)) await removeInside(root, path);
}

/** The folder is ours alone and nobody writes to it any more, so looking before stepping is enough to stay inside. */
async function removeInside(root: string, path: string): Promise<void> {
  const parts = path.split('/');
  for (let depth = 1; depth < parts.length; depth++) {
    const stat = await lstat(join(root, ...parts.slice(0, depth))).catch(() => undefined);
    if (!stat?.isDirectory()) return;
  }
  await rm(join(root, path), { force: true });
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work();
    return running;
  };
}

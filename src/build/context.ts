import { lstat, rm } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { invalidParameter } from '../errors/index.ts';
import type { Layers } from '../store/index.ts';
import type { BuildRequest } from './contract.ts';
import { createMatcher, parseIgnore } from './dockerfile/index.ts';

const MAX_DOCKERFILE_BYTES = 10 * 1024 * 1024;

/** The build context on disk: private to this build until it ends. */
export interface BuildContext {
  root: string;
  dockerfile: Buffer;
}

/**
 * Extracts the context's tar (owner 0:0, as Docker's clients send it) and reads the Dockerfile, both inside `root` only.
 * As in dockerd, `.dockerignore` was applied by the client; here it only hides itself and the Dockerfile from COPY.
 */
export async function openContext(
  root: string,
  request: Pick<BuildRequest, 'context' | 'dockerfile'>,
  layers: Pick<Layers, 'extract' | 'readFile'>,
  signal: AbortSignal,
): Promise<BuildContext> {
  const path = dockerfilePath(request.dockerfile);
  await layers.extract(root, '/', request.context, { owner: { uid: 0, gid: 0 } }, signal);
  const dockerfile = await layers.readFile(root, path, MAX_DOCKERFILE_BYTES + 1);
  if (dockerfile === undefined) {
    throw invalidParameter(
      'no-dockerfile',
      `Cannot locate specified Dockerfile: ${request.dockerfile || 'Dockerfile'}`,
    );
  }
  if (dockerfile.length > MAX_DOCKERFILE_BYTES) {
    throw invalidParameter('dockerfile-too-large', `the Dockerfile (${request.dockerfile}) is larger than 10 MiB`);
  }
  if (dockerfile.length === 0) {
    throw invalidParameter(
      'empty-dockerfile',
      `the Dockerfile (${request.dockerfile || 'Dockerfile'}) cannot be empty`,
    );
  }
  await hideBuildFiles(root, path, layers);
  return { root, dockerfile };
}

/** @throws invalid-parameter `dockerfile-outside-context` with Docker's text */
export function dockerfilePath(given: string): string {
  const path = posix.normalize(given === '' ? 'Dockerfile' : given);
  if (path === '..' || path.startsWith('../')) {
    throw invalidParameter('dockerfile-outside-context', `forbidden path outside the build context: ${given} ()`);
  }
  return path.replace(/^\/+/, '');
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

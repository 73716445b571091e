import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { Readable } from 'node:stream';
import { invalidParameter } from '../../errors/index.ts';
import { createPatternMatcher, formatHeader, padOf, TAR_END, tarEntry } from '../../lib/index.ts';
import { packFolder } from './pack.ts';

export interface BuildContext {
  tar: Readable;
  /** The Dockerfile's name inside the tar. */
  dockerfile: string;
}

const file = (name: string, content: Buffer): Buffer =>
  Buffer.concat([
    formatHeader(tarEntry('file', name, { sizeBytes: content.length, mode: 0o600 })),
    content,
    Buffer.alloc(padOf(content.length)),
  ]);

function ignorePatterns(folder: string, dockerfile: string): string[] {
  const own = join(folder, `${dockerfile}.dockerignore`);
  const path = existsSync(own) ? own : join(folder, '.dockerignore');
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split(/\r?\n/)
    .filter((line) => !line.startsWith('#'));
}

/**
 * The context of a folder: everything but what `.dockerignore` (or `<Dockerfile>.dockerignore`) excludes; the Dockerfile always
 * travels, also one that lies outside the folder or comes from `-`. @throws invalid-parameter `bad-context`
 */
export function packBuildContext(
  folder: string,
  dockerfilePath: string | undefined,
  stdin: Buffer | undefined,
): BuildContext {
  const stats = statSync(folder, { throwIfNoEntry: false });
  if (!stats?.isDirectory()) {
    const reason =
      stats === undefined
        ? `path ${JSON.stringify(folder)} not found`
        : `context must be a directory: ${resolve(folder)}`;
    throw invalidParameter('bad-context', `unable to prepare context: ${reason}`);
  }
  const root = realpathSync(folder);
  if (dockerfilePath === '-') return withDockerfile(root, stdin ?? Buffer.alloc(0));
  const path =
    dockerfilePath === undefined
      ? join(root, 'Dockerfile')
      : isAbsolute(dockerfilePath)
        ? dockerfilePath
        : resolve(dockerfilePath);
  if (!existsSync(path)) {
    const below = dockerfilePath === undefined ? undefined : join(root, dockerfilePath);
    if (below !== undefined && existsSync(below)) return packBuildContext(folder, below, stdin);
    throw invalidParameter(
      'bad-context',
      `unable to prepare context: unable to evaluate symlinks in Dockerfile path: lstat ${path}: no such file or directory`,
      {
        detail: { hint: 'Name the Dockerfile with -f, or run the command in its folder.' },
      },
    );
  }
  const real = realpathSync(path);
  const name = relative(root, real).split(sep).join('/');
  if (name.startsWith('../') || isAbsolute(name)) return withDockerfile(root, readFileSync(real));
  return { tar: pack(root, name), dockerfile: name };
}

function pack(root: string, dockerfile: string): Readable {
  const patterns = ignorePatterns(root, dockerfile);
  if (patterns.length === 0) return packFolder(root, { owner: { uid: 0, gid: 0 } });
  // The daemon needs both files, whatever is excluded; it keeps excluded ones away from COPY itself.
  const matcher = createPatternMatcher([...patterns, '!.dockerignore', `!${dockerfile}`]);
  return packFolder(root, {
    owner: { uid: 0, gid: 0 },
    includes: (path) => !matcher.matches(path),
    descends: () => matcher.hasExceptions,
  });
}

/** A Dockerfile that is not part of the folder travels under a name nobody else has. */
function withDockerfile(root: string, content: Buffer): BuildContext {
  const name = `.dockerfile.${process.pid}.${Date.now().toString(36)}`;
  const own = file(name, content);
  const all = async function* (): AsyncGenerator<Buffer> {
    yield own;
    yield* pack(root, name) as AsyncIterable<Buffer>;
  };
  return { tar: Readable.from(all(), { objectMode: false }), dockerfile: name };
}

/** A context of nothing but a Dockerfile (`berth build - < Dockerfile`). */
export function dockerfileContext(content: Buffer): BuildContext {
  return {
    tar: Readable.from([file('Dockerfile', content), TAR_END], { objectMode: false }),
    dockerfile: 'Dockerfile',
  };
}

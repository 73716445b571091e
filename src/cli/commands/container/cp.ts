import { existsSync, lstatSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, posix, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { PathStat } from '../../../api/index.ts';
import type { Client } from '../../../client/index.ts';
import { isEngineError } from '../../../errors/index.ts';
import { extractBelow } from '../../archive/extract.ts';
import { packFolder, packPath } from '../../archive/pack.ts';
import { type Context, defineCommand, exactly } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { flagTable } from '../../flags/spec.ts';
import { formatSize } from '../../format/units.ts';

const DIRECTORY = 2 ** 31;
const SYMLINK = 2 ** 27;

interface CopyFlags {
  archive: boolean;
  'follow-link': boolean;
  quiet: boolean;
}

/** `CONTAINER:PATH`, unless the colon belongs to a path of this machine. */
function splitPlace(place: string): { container: string | undefined; path: string } {
  const at = place.indexOf(':');
  if (at <= 0 || /^[./]/.test(place)) return { container: undefined, path: place };
  return { container: place.slice(0, at), path: place.slice(at + 1) };
}

const archivePath = (container: string): string => `/containers/${encodeURIComponent(container)}/archive`;
const isDirectory = (stat: PathStat): boolean => Math.floor(stat.mode / DIRECTORY) % 2 === 1;
const isSymlink = (stat: PathStat): boolean => Math.floor(stat.mode / SYMLINK) % 2 === 1;

const statOf = (header: unknown): PathStat => JSON.parse(Buffer.from(String(header), 'base64').toString()) as PathStat;

async function statInContainer(client: Client, container: string, path: string): Promise<PathStat | undefined> {
  try {
    const answer = await client.stream({ method: 'HEAD', path: archivePath(container), query: { path } });
    answer.resume();
    return statOf(answer.headers['x-docker-container-path-stat']);
  } catch (error) {
    // An answer to HEAD says nothing but its status: what is wrong is told by the request that follows.
    if (isEngineError(error) && error.code === 'daemon-error') return undefined;
    throw error;
  }
}

async function fromContainer(
  context: Context,
  client: Client,
  container: string,
  path: string,
  destination: string,
  flags: CopyFlags,
): Promise<void> {
  let source = path;
  if (flags['follow-link']) {
    const stat = await statInContainer(client, container, path);
    if (stat !== undefined && isSymlink(stat))
      source = posix.isAbsolute(stat.linkTarget) ? stat.linkTarget : posix.join(posix.dirname(path), stat.linkTarget);
  }
  const answer = await client.stream({ method: 'GET', path: archivePath(container), query: { path: source } });
  if (destination === '-') return pipeline(answer, context.stdout);
  const stat = statOf(answer.headers['x-docker-container-path-stat']);
  const target = followLink(resolve(destination));
  const intoFolder = statSync(target, { throwIfNoEntry: false })?.isDirectory() ?? false;
  const wantsFolder = /\/\.?$/.test(destination);
  if (wantsFolder && !intoFolder && !isDirectory(stat))
    throw new ExitError(1, `destination directory "${target}" does not exist`);
  if (!existsSync(dirname(target)))
    throw new ExitError(1, `invalid output path: directory "${dirname(target)}" does not exist`);
  if (isDirectory(stat) && existsSync(target) && !intoFolder) throw new ExitError(1, 'cannot copy directory');
  const top = stat.name;
  const contentsOnly = /(^|\/)\.$/.test(path) || (isDirectory(stat) && !intoFolder);
  const root = intoFolder ? target : dirname(target);
  const as = intoFolder ? basename(posix.normalize(path).replace(/\/$/, '')) || top : basename(target);
  await extractBelow(realpathSync(root), answer, {
    keepOwner: flags.archive,
    rename: (name) => {
      const inside =
        name === top || top === '/' || top === '.'
          ? name.slice(top === '/' || top === '.' ? 0 : top.length)
          : name.startsWith(`${top}/`)
            ? name.slice(top.length + 1)
            : undefined;
      if (inside === undefined) return undefined;
      if (contentsOnly && intoFolder) return inside === '' ? undefined : inside;
      return inside === '' ? as : `${as}/${inside.replace(/^\//, '')}`;
    },
  });
}

/** Where a link at the end of a path leads, be there something or not: it is the user's own, so it is written through. */
function followLink(path: string, depth = 0): string {
  const isLink = lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
  if (!isLink || depth > 40) return path;
  return followLink(resolve(dirname(path), readlinkSync(path)), depth + 1);
}

async function toContainer(
  context: Context,
  client: Client,
  source: string,
  container: string,
  path: string,
  flags: CopyFlags,
): Promise<void> {
  const put = (into: string, body: Readable): Promise<unknown> =>
    client.json({
      method: 'PUT',
      path: archivePath(container),
      query: { path: into, noOverwriteDirNonDir: true, copyUIDGID: flags.archive },
      body,
    });
  let target = await statInContainer(client, container, path);
  let destination = path;
  if (target !== undefined && isSymlink(target)) {
    destination = posix.isAbsolute(target.linkTarget)
      ? target.linkTarget
      : posix.join(posix.dirname(path), target.linkTarget);
    target = await statInContainer(client, container, destination);
  }
  const intoFolder = target !== undefined && isDirectory(target);
  if (source === '-') {
    if (!intoFolder) throw new ExitError(1, `destination "${container}:${path}" must be a directory`);
    await put(destination, context.stdin);
    return;
  }
  const stats = (flags['follow-link'] ? statSync : lstatSync)(source, { throwIfNoEntry: false });
  if (stats === undefined) throw new ExitError(1, `lstat ${resolve(source)}: no such file or directory`);
  const isFollowed = flags['follow-link'] || /\/\.?$/.test(source);
  const real = isFollowed ? realpathSync(source) : source.replace(/\/+$/, '') || '/';
  if (target === undefined && /\/\.?$/.test(path) && !stats.isDirectory())
    throw new ExitError(1, `destination directory "${container}:${path}" must exist`);
  if (stats.isDirectory() && target !== undefined && !intoFolder) throw new ExitError(1, 'cannot copy directory');
  if (/(^|\/)\.$/.test(source) && intoFolder) return void (await put(destination, packFolder(real)));
  const clean = destination.replace(/\/+$/, '');
  if (intoFolder) await put(destination, packPath(real, basename(resolve(source))));
  else await put(posix.dirname(clean), packPath(real, posix.basename(clean)));
}

export const cp = defineCommand({
  names: ['container cp', 'cp'],
  summary: 'Copy files/folders between a container and the local filesystem',
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tberth cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  arity: exactly(2),
  examples: ['berth cp web:/app/log.txt .', 'berth cp ./conf/. web:/etc/app', 'berth cp web:/data - | tar tv'],
  flags: flagTable({
    archive: { type: 'bool', short: 'a', description: 'Archive mode (copy all uid/gid information)' },
    'follow-link': { type: 'bool', short: 'L', description: 'Always follow symbol link in SRC_PATH' },
    quiet: { type: 'bool', short: 'q', description: 'Suppress progress output during copy' },
  }),
  async run(context, flags, [from = '', to = '']) {
    const source = splitPlace(from);
    const destination = splitPlace(to);
    if (source.container !== undefined && destination.container !== undefined)
      throw new ExitError(1, 'copying between containers is not supported');
    const client = await context.client();
    if (source.container !== undefined)
      await fromContainer(context, client, source.container, source.path, destination.path, flags);
    else if (destination.container !== undefined)
      await toContainer(context, client, source.path, destination.container, destination.path, flags);
    else throw new ExitError(1, 'must specify at least one container source');
    if (!flags.quiet && context.stderr.isTTY && destination.path !== '-') {
      const what =
        source.container === undefined && source.path !== '-' ? ` ${formatSize(statSync(join(source.path)).size)}` : '';
      context.stderr.write(`Successfully copied${what} to ${to}\n`);
    }
    return 0;
  },
});

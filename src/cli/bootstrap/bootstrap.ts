import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { ContainerCreateResponse, ContainerWaitResponse } from '../../api/index.ts';
import type { Client } from '../../client/index.ts';
import { isEngineError, systemError } from '../../errors/index.ts';
import { readTar } from '../../lib/index.ts';
import { MemoryTar } from '../archive/memory-tar.ts';
import { packFolder } from '../archive/pack.ts';
import { splitTag } from '../commands/image/tag.ts';
import { fetchDebs } from './debian-mirror.ts';
import { fetchNpmPackage } from './npm-registry.ts';
import { findRecipe, type Recipe } from './recipe.ts';

export interface BootstrapOptions {
  /** A Debian mirror, `http://deb.debian.org/debian`. */
  mirror: string;
  npmRegistry: string;
  /** Make it anew even if it is there. */
  isForced: boolean;
  say(line: string): void;
}

interface Message {
  stream?: string;
  errorDetail?: { message?: string };
  error?: string;
}

const DEBIAN_ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'amd64';
const NPM_ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x64';

const streamOf = (tar: MemoryTar): Readable => Readable.from(tar.chunks(), { objectMode: false });

async function drain(messages: AsyncIterable<Message>): Promise<void> {
  for await (const message of messages) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw systemError('bootstrap-failed', failure);
  }
}

async function exists(client: Client, name: string): Promise<boolean> {
  try {
    await client.json({ method: 'GET', path: `/images/${encodeURIComponent(name)}/json` });
    return true;
  } catch (error) {
    if (isEngineError(error, 'not-found')) return false;
    throw error;
  }
}

/** Makes a base image out of packages, over the engine's API; what it needs first is made first. True if it had to be made. */
export async function bootstrapImage(client: Client, name: string, options: BootstrapOptions): Promise<boolean> {
  const recipe = findRecipe(name);
  if (!options.isForced && (await exists(client, recipe.name))) return false;
  if (recipe.from !== undefined) await bootstrapImage(client, recipe.from, { ...options, isForced: false });
  if (recipe.debootstrap !== undefined) await fromDebootstrap(client, recipe, recipe.debootstrap, options);
  else await fromBuild(client, recipe, options);
  return true;
}

/** Single packages, or another image, and a Dockerfile. */
async function fromBuild(client: Client, recipe: Recipe, options: BootstrapOptions): Promise<void> {
  const context = new MemoryTar();
  if (recipe.debs !== undefined) {
    options.say(`fetching ${recipe.debs.packages.join(', ')} from ${options.mirror}`);
    context.file('rootfs.tar', (await debsRoot(recipe, recipe.debs, options.mirror)).bytes());
  } else for (const [path, content] of Object.entries(recipe.files ?? {})) context.file(path, content);
  for (const { package: pattern, version, into, keep } of recipe.npm ?? []) {
    const name = pattern.replace('{arch}', NPM_ARCHITECTURE);
    options.say(`fetching ${name} ${version} from ${options.npmRegistry}`);
    for (const file of await fetchNpmPackage(options.npmRegistry, name, version)) {
      if (keep === undefined || keep.includes(file.path)) context.file(`${into}/${file.path}`, file.content, file.mode);
    }
  }
  context.file('Dockerfile', `${[...(recipe.dockerfile ?? []), ...(recipe.config ?? [])].join('\n')}\n`);
  options.say(`building ${recipe.name}`);
  await drain(
    client.messages<Message>({
      method: 'POST',
      path: '/build',
      query: { t: recipe.name, version: '1', rm: '1' },
      body: streamOf(context),
    }),
  );
}

async function debsRoot(recipe: Recipe, debs: NonNullable<Recipe['debs']>, mirror: string): Promise<MemoryTar> {
  const root = new MemoryTar();
  for (const folder of ['bin', 'etc', ...Object.keys(recipe.folders ?? {})])
    root.folder(folder, Number.parseInt(recipe.folders?.[folder] ?? '0755', 8));
  for (const tar of await fetchDebs(mirror, 'bookworm', DEBIAN_ARCHITECTURE, debs.packages)) {
    const source = async function* (): AsyncGenerator<Buffer> {
      yield tar;
    };
    for await (const { entry, body } of readTar(source())) {
      const path = entry.name.toString().replace(/^\.?\//, '');
      if (entry.type !== 'file' || !debs.keep.includes(path)) continue;
      const chunks: Buffer[] = [];
      for await (const chunk of body) chunks.push(chunk);
      root.file(path, Buffer.concat(chunks), entry.mode);
    }
  }
  for (const [path, content] of Object.entries(recipe.files ?? {})) root.file(path, content);
  return root;
}

/**
 * A small system: debootstrap fetches and unpacks on this machine (nothing of it runs), its second stage with the packages'
 * own scripts runs inside a container, whose files become the image.
 */
async function fromDebootstrap(
  client: Client,
  recipe: Recipe,
  { suite, variant }: NonNullable<Recipe['debootstrap']>,
  options: BootstrapOptions,
): Promise<void> {
  const scratch = `berth-bootstrap-${randomBytes(6).toString('hex')}`;
  const folder = mkdtempSync(join(tmpdir(), 'berth-bootstrap-'));
  try {
    options.say(`fetching Debian ${suite} from ${options.mirror}`);
    await runDebootstrap(
      ['--foreign', `--variant=${variant}`, `--arch=${DEBIAN_ARCHITECTURE}`, suite, folder, options.mirror],
      options.say,
    );
    writeFileSync(join(folder, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    for (const [path, content] of Object.entries(recipe.files ?? {})) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    await drain(
      client.messages<Message>({
        method: 'POST',
        path: '/images/create',
        query: { fromSrc: '-', repo: scratch, tag: 'stage1' },
        body: packFolder(folder),
      }),
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    options.say('configuring the packages in a container');
    const script = [
      'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C',
      '/debootstrap/debootstrap --second-stage >/tmp/bootstrap.log 2>&1 || { tail -n 20 /tmp/bootstrap.log /debootstrap/debootstrap.log >&2; exit 1; }',
      'rm -f /tmp/bootstrap.log',
      `printf 'deb %s %s main\\n' '${options.mirror}' ${suite} > /etc/apt/sources.list`,
      ...(recipe.cleanup ?? []),
    ].join(' && ');
    await commitContainerRun(client, `${scratch}:stage1`, script, recipe);
  } finally {
    await client.json({ method: 'DELETE', path: `/images/${scratch}:stage1`, query: { force: true } }).catch(() => {});
  }
}

function runDebootstrap(args: string[], say: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const program = spawn('/usr/sbin/debootstrap', args, { stdio: ['ignore', 'pipe', 'pipe'] });
    let tail = '';
    let count = 0;
    program.stdout.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n')) {
        tail = `${tail}${line}\n`.slice(-2000);
        if (!/^I: (Retrieving|Extracting)/.test(line)) continue;
        count++;
        if (count % 50 === 0) say(`${count} steps: ${line.slice(3)}`);
      }
    });
    program.stderr.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-2000)));
    program.once('error', (error) =>
      reject(systemError('debootstrap-failed', `debootstrap cannot be started: ${error.message}`)),
    );
    program.once('close', (code) =>
      code === 0 ? resolve() : reject(systemError('debootstrap-failed', `debootstrap ended with ${code}:\n${tail}`)),
    );
  });
}

/** Runs `script` in a container of `image` and makes the container's files the recipe's image: one layer, no trace of how. */
async function commitContainerRun(client: Client, image: string, script: string, recipe: Recipe): Promise<void> {
  const { Id: id = '' } = await client.json<ContainerCreateResponse>({
    method: 'POST',
    path: '/containers/create',
    body: {
      Image: image,
      Entrypoint: ['/bin/sh', '-c'],
      Cmd: [script],
      Env: ['container=docker'],
      HostConfig: { NetworkMode: 'none' },
    },
  });
  try {
    await client.json({ method: 'POST', path: `/containers/${id}/start` });
    const { StatusCode } = await client.json<ContainerWaitResponse>({ method: 'POST', path: `/containers/${id}/wait` });
    if (StatusCode !== 0)
      throw systemError(
        'bootstrap-failed',
        `the packages could not be configured (exit ${StatusCode}):\n${await lastOutput(client, id)}`,
      );
    const files = await client.stream({ method: 'GET', path: `/containers/${id}/archive`, query: { path: '/.' } });
    const { repository, tag } = splitTag(recipe.name);
    await drain(
      client.messages<Message>({
        method: 'POST',
        path: '/images/create',
        query: { fromSrc: '-', repo: repository, tag, changes: recipe.config ?? [], message: 'berth image bootstrap' },
        body: files,
      }),
    );
  } finally {
    await client.json({ method: 'DELETE', path: `/containers/${id}`, query: { force: true, v: true } }).catch(() => {});
  }
}

async function lastOutput(client: Client, id: string): Promise<string> {
  const answer = await client.stream({
    method: 'GET',
    path: `/containers/${id}/logs`,
    query: { stdout: true, stderr: true, tail: 30 },
  });
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks)
    .toString()
    .replaceAll(/[\x00-\x02]\x00{3}[\s\S]{4}/g, '');
}

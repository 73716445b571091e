import { posix } from 'node:path';
import { invalidParameter, notImplemented } from '../../../errors/index.ts';
import { type CopyOp, createVertex, type Vertex } from '../../graph/vertex.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

type CopyOrAdd = Expanded<'copy' | 'add'>;

const REMOTE = /^(?:https?:\/\/|git@|git:\/\/|ssh:\/\/|ftp:\/\/)/i;

/** COPY and ADD: sources below the context, an earlier stage or an image. */
export function lowerCopy(instruction: CopyOrAdd, scope: StageScope): void {
  const name = instruction.kind === 'copy' ? 'COPY' : 'ADD';
  const { sources, inline, dest: written } = instruction.files;
  if (instruction.kind === 'add') refuseWhatIsMissing(instruction);
  const dest = destination(written, scope.draft.config.WorkingDir || '/');
  if (sources.length + inline.length > 1 && !dest.endsWith('/')) throw severalNeedFolder(name);
  const op: CopyOp = {
    kind: 'copy',
    instruction: name,
    sources,
    inline: inline.map((file) => ({ name: file.name, content: file.content })),
    dest,
    parents: instruction.kind === 'copy' && instruction.parents,
    exclude: instruction.exclude,
    unpack: instruction.kind === 'add' && instruction.unpack !== false,
    ...(instruction.chown === undefined ? {} : { chown: instruction.chown }),
    ...(instruction.chmod === undefined ? {} : { chmod: instruction.chmod }),
  };
  scope.root = place(instruction, op, sourceOf(instruction, scope), scope.root);
}

function sourceOf(instruction: CopyOrAdd, { build }: StageScope): Vertex {
  if (instruction.kind === 'add' || instruction.from === undefined) return build.context;
  return build.resolveSource(instruction.from, instruction);
}

/** With `--link` the files make a layer of their own, whatever the stage's root holds. */
function place(instruction: CopyOrAdd, op: CopyOp, from: Vertex, root: Vertex): Vertex {
  if (!instruction.link) return createVertex(instruction.original, op, [root, from]);
  const alone = createVertex(instruction.original, op, [createVertex('scratch', { kind: 'scratch' }), from]);
  return createVertex(instruction.original, { kind: 'merge' }, [root, alone]);
}

/** Absolute; keeps the trailing slash that says "a folder" (`.` and `..` are folders too). */
function destination(written: string, workdir: string): string {
  const path = posix.resolve('/', workdir, written);
  const isFolder = written === '' || /(?:^|\/)\.{0,2}$/.test(written);
  return isFolder && path !== '/' ? `${path}/` : path;
}

export function severalNeedFolder(name: string): Error {
  return invalidParameter(
    'copy-needs-folder',
    `When using ${name} with more than one source file, the destination must be a directory and end with a /`,
  );
}

function refuseWhatIsMissing(instruction: Expanded<'add'>): void {
  const remote = instruction.files.sources.find((source) => REMOTE.test(source));
  if (remote !== undefined) {
    const kind = /^https?:/i.test(remote) && !/\.git(?:$|[#?])/i.test(remote) ? 'a URL' : 'a git repository';
    throw notImplemented('add-remote', `ADD of ${kind} (${withoutCredentials(remote)}) is not supported yet`);
  }
  if (instruction.checksum !== undefined) {
    throw invalidParameter('add-checksum', 'checksum requires at least one HTTP(S) or Git source');
  }
}

const withoutCredentials = (url: string): string => url.replace(/^(\w+:\/\/)[^/@]*@/, '$1');

import { createHash } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { invalidParameter } from '../../errors/index.ts';
import { fdPath, RootedFs } from '../../host/index.ts';
import { applyModeChange, createPatternMatcher, parseModeChange, TarError, TarParser } from '../../lib/index.ts';
import type { Digest } from '../../oci/index.ts';
import { overlayChanges, type TreeChange, treeChanges } from './changes.ts';
import { ContentHash } from './content-hash.ts';
import { type CopyRules, TreeCopy } from './copy-tree.ts';
import { decompressed } from './decompress.ts';
import { LowerView } from './lower-view.ts';
import { TreeReader } from './tree-reader.ts';
import { TreeWriter } from './tree-writer.ts';

/**
 * Work on trees as plain data, so that it can be done here or in a worker thread. Fds are the process's: threads share them;
 * whoever asks for the work closes them afterwards.
 */
export type Task =
  | {
      op: 'write';
      rootFd: number;
      /** A layer: whiteouts mean something, and it lies over others or over nothing. */
      layer?: { isFresh: boolean };
      /** Where a plain archive goes, below the root. */
      base?: Uint8Array;
      /** Files may come to this much, or to what is free less a tenth, whichever is less. */
      maxBytes: number;
      noOverwriteDirNonDir?: boolean;
      owner?: { uid: number; gid: number };
    }
  | { op: 'read'; dirFd: number; name: Uint8Array; as: Uint8Array }
  | { op: 'read-diff'; source: DiffSource; sourceDateEpoch?: number }
  | { op: 'digest'; source: DiffSource; sourceDateEpoch?: number }
  | { op: 'changes'; source: DiffSource }
  | { op: 'hash'; dirFd: number; name?: Uint8Array; exclude?: readonly string[] }
  | { op: 'copy'; fromFd: number; from?: Uint8Array; toFd: number; to?: Uint8Array; rules: PlainCopyRules };

/** What a snapshot's changes are read from: an overlay's upper folder over its lower ones, or two whole trees. */
export interface DiffSource {
  form: 'overlay' | 'copy';
  /** Folders of the chain, top first. */
  chain: readonly string[];
}

export type PlainCopyRules = Omit<CopyRules, 'chmodBy'> & { chmodSymbolic?: string };

export interface TaskResult {
  diffId?: Digest;
  sizeBytes?: number;
  isEmpty?: boolean;
  hash?: string;
  changes?: { path: string; kind: 0 | 1 | 2 }[];
}

export interface TaskStreams {
  /** The archive that `write` reads, compressed or not. */
  input?: AsyncIterable<Uint8Array>;
  /** Takes what `read` makes; resolves when more is wanted. */
  output?: (chunk: Buffer) => Promise<void>;
}

/** Thrown when work done in place has taken its slice: do it elsewhere. */
export class OutOfTime extends Error {}

const bytes = (view: Uint8Array): Buffer => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

/**
 * Does a task. With `deadline` (of performance.now) the work is given up when it passes, by OutOfTime; every task may be begun
 * again from the start.
 */
export async function runTask(
  task: Task,
  streams: TaskStreams,
  deadline = Number.POSITIVE_INFINITY,
): Promise<TaskResult> {
  switch (task.op) {
    case 'write':
      return writeTree(task, streams.input ?? noInput());
    case 'read': {
      const reader = new TreeReader();
      for (const chunk of batches(reader.single(task.dirFd, bytes(task.name), bytes(task.as))))
        await streams.output?.(chunk);
      return {};
    }
    case 'read-diff':
      for (const chunk of batches(layerTar(task))) await streams.output?.(chunk);
      return {};
    case 'digest':
      return digestTree(task, deadline);
    case 'changes':
      return { changes: changesOf(task.source).map(({ path, kind }) => ({ path: `/${path}`, kind })) };
    case 'hash': {
      const hash = new ContentHash(task.exclude);
      const steps = task.name === undefined ? hash.contents(task.dirFd) : hash.one(task.dirFd, bytes(task.name), '');
      for (const _ of steps) if (performance.now() > deadline) throw new OutOfTime();
      return { hash: hash.digest() };
    }
    case 'copy': {
      const { chmodSymbolic, ...rules } = task.rules;
      const change = chmodSymbolic === undefined ? undefined : parseModeChange(chmodSymbolic);
      const copy = new TreeCopy({
        ...rules,
        ...(change && { chmodBy: (mode, isFolder) => applyModeChange(change, mode, isFolder) }),
      });
      const steps =
        task.from === undefined || task.to === undefined
          ? copy.contents(task.fromFd, task.toFd)
          : copy.one(task.fromFd, bytes(task.from), task.toFd, bytes(task.to));
      for (const _ of steps) if (performance.now() > deadline) throw new OutOfTime();
      return {};
    }
    default:
      return task satisfies never;
  }
}

async function* noInput(): AsyncGenerator<Uint8Array> {}

const MAX_TRAILING_BYTES = 2 ** 30;

/** Room for an archive's files: what is free, less a tenth. */
function budget(rootFd: number): number {
  const { bavail, bsize } = statfsSync(fdPath(rootFd));
  return Math.floor(bavail * bsize * 0.9);
}

async function writeTree(task: Extract<Task, { op: 'write' }>, input: AsyncIterable<Uint8Array>): Promise<TaskResult> {
  const writer = new TreeWriter(task.rootFd, {
    ...(task.layer && { whiteouts: task.layer }),
    ...(task.base && { base: task.base }),
    ...(task.noOverwriteDirNonDir && { noOverwriteDirNonDir: true }),
    ...(task.owner && { owner: task.owner }),
    maxBytes: Math.min(task.maxBytes, budget(task.rootFd)),
  });
  const parser = new TarParser(writer);
  const hash = createHash('sha256');
  try {
    let trailingBytes = 0;
    for await (const chunk of decompressed(input)) {
      // What follows the end mark is part of the digest and of nothing else; a bomb has room there too.
      if (parser.isAtEnd) trailingBytes += chunk.length;
      if (trailingBytes > MAX_TRAILING_BYTES)
        throw invalidParameter('archive-limit', 'the archive goes on for more than 1 GiB after its end');
      hash.update(chunk);
      parser.write(chunk);
    }
    parser.end();
    writer.finish();
  } catch (error) {
    if (error instanceof TarError)
      throw invalidParameter(error.reason === 'limit' ? 'archive-limit' : 'bad-archive', error.message, {
        cause: error,
      });
    throw error;
  } finally {
    writer.close();
  }
  return { diffId: `sha256:${hash.digest('hex')}` as Digest, sizeBytes: writer.sizeBytes };
}

/** The tar of what a snapshot changed; the reader, with its sums, at the end. */
function* layerTar(task: { source: DiffSource; sourceDateEpoch?: number }): Generator<Buffer, TreeReader> {
  const [top = '', ...below] = task.source.chain;
  const epoch = task.sourceDateEpoch === undefined ? {} : { sourceDateEpoch: task.sourceDateEpoch };
  using upper = RootedFs.open(top);
  if (task.source.form === 'copy') {
    const reader = new TreeReader({ ...epoch, isLayer: true });
    yield* reader.listed(upper.fd, changesOf(task.source));
    return reader;
  }
  using over = new LowerView(below);
  const reader = new TreeReader({ ...epoch, isLayer: true, over });
  yield* reader.folder(upper.fd);
  return reader;
}

function changesOf({ form, chain }: DiffSource): TreeChange[] {
  const [top = '', ...below] = chain;
  using upper = RootedFs.open(top);
  if (form === 'overlay') {
    using lower = new LowerView(below);
    return overlayChanges(upper.fd, lower);
  }
  const [base] = below;
  if (base === undefined) return treeChanges(upper.fd, undefined);
  using lower = RootedFs.open(base);
  return treeChanges(upper.fd, lower.fd);
}

function digestTree(task: Extract<Task, { op: 'digest' }>, deadline: number): TaskResult {
  const hash = createHash('sha256');
  const chunks = layerTar(task);
  try {
    for (;;) {
      const { done, value } = chunks.next();
      if (done) {
        const diffId = `sha256:${hash.digest('hex')}` as Digest;
        return { diffId, sizeBytes: value.sizeBytes, isEmpty: value.entries === 0 };
      }
      hash.update(value);
      if (performance.now() > deadline) throw new OutOfTime();
    }
  } finally {
    // Closes what a walk that was given up holds open.
    chunks.return(new TreeReader());
  }
}

/** Joins small chunks: a header and a file of a few bytes are not worth a message each. */
function* batches(chunks: Iterable<Buffer>): Generator<Buffer> {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  for (const chunk of chunks) {
    waiting.push(chunk);
    waitingBytes += chunk.length;
    if (waitingBytes < 1 << 17) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    waitingBytes = 0;
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting);
}

/** Is a task's pattern list well formed? Thrown here, before a worker is bothered. */
export function checkPatterns(patterns: readonly string[] | undefined): void {
  if (patterns !== undefined && patterns.length > 0) createPatternMatcher(patterns);
}

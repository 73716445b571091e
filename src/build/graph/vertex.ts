import { createHash } from 'node:crypto';
import type { ImageLayer } from '../../images/index.ts';
import type { Digest } from '../../oci/index.ts';

/** Files of an instruction given in place (heredocs). */
export interface InlineFile {
  name: string;
  content: string;
}

export interface RunOp {
  kind: 'run';
  args: string[];
  /** `KEY=value`, ARGs in scope included. */
  env: string[];
  /** Proxy variables given as build arguments: for the process, not for the cache key. */
  proxyEnv: string[];
  cwd: string;
  user: string;
  networkMode: string;
  extraHosts: string[];
  /** Scripts that the command names, mounted read-only at /dev/pipes. */
  scripts: InlineFile[];
}

export interface CopyOp {
  kind: 'copy';
  instruction: 'COPY' | 'ADD';
  /** Paths or patterns below the source's root, as written after expansion. */
  sources: string[];
  inline: InlineFile[];
  /** Absolute; a trailing slash says that it is a folder. */
  dest: string;
  chown?: string;
  chmod?: string;
  parents: boolean;
  exclude: string[];
  /** Local archives are extracted. */
  unpack: boolean;
}

export interface MkdirOp {
  kind: 'mkdir';
  path: string;
  user: string;
}

/** What a vertex does to the root file system of its first input. Pure data: `ops/` acts on it. */
export type Op =
  | { kind: 'scratch' }
  | { kind: 'image'; reference: string; imageId: Digest; layers: readonly ImageLayer[] }
  | { kind: 'context' }
  | RunOp
  | CopyOp
  | MkdirOp
  /** Puts the layer of the second input, made on nothing, on top of the first (`COPY --link`). */
  | { kind: 'merge' };

/**
 * A node of the build graph. `digest` names op and inputs, so equal digests are equal work; content of the build context
 * is not part of it (see `solver/keys.ts`). `inputs[0]` is the root it changes, `inputs[1]` where COPY reads.
 */
export interface Vertex {
  digest: string;
  /** The instruction as written, for people. */
  name: string;
  inputs: readonly Vertex[];
  op: Op;
}

export function hashOf(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part};`);
  return hash.digest('hex');
}

export function createVertex(name: string, op: Op, inputs: readonly Vertex[] = []): Vertex {
  return { name, op, inputs, digest: hashOf(definitionOf(op), ...inputs.map((input) => input.digest)) };
}

/** Everything about an op that matters to its outcome, as one canonical text. */
export function definitionOf(op: Op): string {
  switch (op.kind) {
    case 'scratch':
    case 'context':
    case 'merge':
      return op.kind;
    case 'image':
      return `image ${op.layers.map((layer) => layer.diffId).join(' ')}`;
    case 'run':
      return JSON.stringify({ ...op, env: op.env.toSorted(), proxyEnv: [] });
    case 'copy':
      return JSON.stringify({ ...op, dest: op.dest });
    case 'mkdir':
      return JSON.stringify(op);
    default:
      return op satisfies never;
  }
}

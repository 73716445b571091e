import type { Instruction } from '../dockerfile/contract.ts';
import type { Vertex } from '../graph/vertex.ts';
import type { ImageDraft } from './image-draft.ts';

/** What the request says and every stage sees. */
export interface BuildScope {
  buildArgs: ReadonlyMap<string, string>;
  /** Pre-FROM ARGs with their values, then the automatic platform ARGs. */
  globals: ReadonlyMap<string, string>;
  /** Build arguments that some ARG took. */
  consumed: Set<string>;
  proxyEnv: readonly string[];
  networkMode: string;
  extraHosts: readonly string[];
  escapeToken: '\\' | '`';
  /** The tree that `COPY --from=` names: an earlier stage or an image. */
  resolveSource(name: string, instruction: Instruction): Vertex;
  context: Vertex;
}

/** What one stage's instructions change as they are lowered, one after the other. */
export interface StageScope {
  build: BuildScope;
  draft: ImageDraft;
  /** Variables of the build: the image's ENV and the ARGs declared so far. */
  env: Map<string, string>;
  /** ARGs declared so far that have a value, for RUN's history line. */
  args: Map<string, string>;
  root: Vertex;
}

/** An instruction of one kind, its variables replaced (see `expandInstruction`). */
export type Expanded<K extends Instruction['kind']> = Extract<Instruction, { kind: K }>;

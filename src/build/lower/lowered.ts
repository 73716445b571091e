import type { Image } from '../../images/index.ts';
import type { Range } from '../dockerfile/contract.ts';
import type { Vertex } from '../graph/vertex.ts';
import type { ImageDraft } from './image-draft.ts';

/** An instruction, lowered: what it does to the files (a vertex) and to the image's configuration. */
export interface LoweredStep {
  original: string;
  range: Range;
  /** `silent`: an ARG before the first FROM, which only has a line of its own. */
  kind: 'silent' | 'from' | 'instruction';
  /** The configuration after it; nobody changes it any more. */
  draft: ImageDraft;
  /** What history says. Absent for FROM, ONBUILD and global ARGs, which leave no line there. */
  createdBy?: string;
  /** The root file system after it; absent when it only changes the configuration. */
  vertex?: Vertex;
  /** The classic builder starts no container for COPY and ADD. */
  isCopy: boolean;
  notes: string[];
  /** ONBUILD triggers of the base, run as part of FROM. */
  triggers: LoweredStep[];
}

export interface LoweredStage {
  index: number;
  /** As shown: its name or its number. */
  name: string;
  base:
    | { kind: 'scratch' }
    | { kind: 'image'; image: Image; reference: string }
    | { kind: 'stage'; stage: LoweredStage };
  steps: LoweredStep[];
  /** The root file system at its end. */
  result: Vertex;
}

export interface LoweredBuild {
  globalArgs: LoweredStep[];
  /** Reached stages only, in Dockerfile order. */
  stages: LoweredStage[];
  target: LoweredStage;
  unusedArgs: string[];
  sourceDateEpoch: number | undefined;
}

import { commandWords } from '../../dockerfile/index.ts';
import { shellOf } from '../image-draft.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

/** A CMD that came with the base image is meant for the base's entry point: a new one drops it. */
export function lowerEntrypoint(instruction: Expanded<'entrypoint'>, { draft }: StageScope): void {
  draft.config.Entrypoint = commandWords(instruction.command, shellOf(draft));
  draft.config.ArgsEscaped = true;
  if (!draft.isCmdSet) draft.config.Cmd = null;
}

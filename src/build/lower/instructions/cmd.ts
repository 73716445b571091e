import { commandWords } from '../../dockerfile/index.ts';
import { shellOf } from '../image-draft.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerCmd(instruction: Expanded<'cmd'>, { draft }: StageScope): void {
  draft.config.Cmd = commandWords(instruction.command, shellOf(draft));
  draft.config.ArgsEscaped = true;
  draft.isCmdSet = true;
}

import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerMaintainer(instruction: Expanded<'maintainer'>, { draft }: StageScope): void {
  draft.author = instruction.maintainer;
}

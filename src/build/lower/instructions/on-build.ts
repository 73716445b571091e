import type { Expanded, StageScope } from '../stage-scope.ts';

/** Kept for whoever builds FROM this image; checked when it was parsed. */
export function lowerOnBuild(instruction: Expanded<'onbuild'>, { draft }: StageScope): void {
  draft.config.OnBuild = [...(draft.config.OnBuild ?? []), instruction.expression];
}

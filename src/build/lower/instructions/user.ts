import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerUser(instruction: Expanded<'user'>, { draft }: StageScope): void {
  draft.config.User = instruction.user;
}

import { toHealthcheck } from '../../dockerfile/index.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

/** Gives the classic builder's note when there was one already. */
export function lowerHealthcheck(instruction: Expanded<'healthcheck'>, { draft }: StageScope): string[] {
  const before = draft.config.Healthcheck?.Test ?? [];
  draft.config.Healthcheck = toHealthcheck(instruction);
  return before.length > 0 ? [`Note: overriding previous HEALTHCHECK: [${before.join(' ')}]`] : [];
}

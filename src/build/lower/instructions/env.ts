import { setEnv } from '../image-draft.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerEnv(instruction: Expanded<'env'>, scope: StageScope): void {
  for (const { key, value } of instruction.pairs) {
    scope.draft.config.Env = setEnv(scope.draft.config.Env ?? [], key, value);
    scope.env.set(key, value);
  }
}

import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerLabel(instruction: Expanded<'label'>, scope: StageScope): void {
  const labels = new Map(Object.entries(scope.draft.config.Labels ?? {}));
  for (const { key, value } of instruction.pairs) labels.set(key, value);
  scope.draft.config.Labels = Object.fromEntries(labels);
}

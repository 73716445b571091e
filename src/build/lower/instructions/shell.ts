import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerShell(instruction: Expanded<'shell'>, { draft }: StageScope): void {
  draft.config.Shell = [...instruction.shell];
}

import { checkStopSignal } from '../../dockerfile/index.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerStopSignal(instruction: Expanded<'stopsignal'>, { draft }: StageScope): void {
  checkStopSignal(instruction.signal);
  draft.config.StopSignal = instruction.signal;
}

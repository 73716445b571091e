import { invalidParameter } from '../../../errors/index.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerVolume(instruction: Expanded<'volume'>, { draft }: StageScope): void {
  const volumes = { ...draft.config.Volumes };
  for (const path of instruction.paths) {
    if (path.trim() === '') throw invalidParameter('empty-volume', 'VOLUME specified can not be an empty string');
    volumes[path.trim()] = {};
  }
  draft.config.Volumes = volumes;
}

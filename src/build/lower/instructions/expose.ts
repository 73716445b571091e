import { parseExposedPorts } from '../../dockerfile/index.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

export function lowerExpose(instruction: Expanded<'expose'>, { draft }: StageScope): void {
  const exposed = { ...draft.config.ExposedPorts };
  for (const port of parseExposedPorts(instruction.ports)) exposed[port] = {};
  draft.config.ExposedPorts = exposed;
}

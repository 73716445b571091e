import { invalidParameter } from '../../errors/index.ts';
import { type ModeChange, parseModeChange } from '../../lib/index.ts';

export { applyModeChange as applyMode, type ModeChange } from '../../lib/index.ts';

/** `--chmod`: a mode for everything, or (symbolic) a change of each mode. @throws invalid-parameter `invalid-chmod` */
export function parseChmod(text: string): ModeChange {
  const change = parseModeChange(text);
  if (change === undefined) throw invalidParameter('invalid-chmod', `invalid chmod parameter: '${text}'`);
  return change;
}

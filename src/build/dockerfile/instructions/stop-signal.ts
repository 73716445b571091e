import { constants } from 'node:os';
import { dockerfileError } from '../errors.ts';

/** Refuses what is no signal of Linux: a number, or a name with or without SIG; `RTMIN+n` and `RTMAX-n` too. */
export function checkStopSignal(signal: string): void {
  if (!isSignal(signal)) throw dockerfileError(`invalid signal: ${signal}`);
}

function isSignal(signal: string): boolean {
  if (/^\d{1,9}$/.test(signal)) return Number(signal) > 0;
  const name = signal.toUpperCase().replace(/^SIG/, '');
  if (Object.hasOwn(constants.signals, `SIG${name}`) || name === 'CLD') return true;
  const realtime = /^(RTMIN|RTMAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (realtime === null) return false;
  if (realtime[2] === undefined) return true;
  const sign = realtime[1] === 'RTMIN' ? '+' : '-';
  return realtime[2] === sign && Number(realtime[3]) >= 1 && Number(realtime[3]) <= (sign === '+' ? 15 : 14);
}

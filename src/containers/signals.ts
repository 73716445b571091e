import { constants } from 'node:os';
import { invalidParameter } from '../errors/index.ts';

const SIGRTMIN = 34;
const SIGRTMAX = 64;

/**
 * `15`, `TERM`, `SIGTERM`, `rtmin+3`: the signal's number.
 * @throws invalid-parameter `invalid-signal` with Docker's text
 */
export function parseSignal(text: string): number {
  if (/^[0-9]+$/.test(text)) {
    const number = Number(text);
    if (number === 0) throw invalid(text);
    return number;
  }
  const name = text.toUpperCase().replace(/^SIG/, '');
  const known = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (known !== undefined) return known;
  const realTime = /^RT(MIN|MAX)(?:([+-])([0-9]{1,2}))?$/.exec(name);
  if (realTime !== null) {
    const base = realTime[1] === 'MIN' ? SIGRTMIN : SIGRTMAX;
    const number = base + (realTime[2] === '-' ? -1 : 1) * Number(realTime[3] ?? 0);
    if (number >= SIGRTMIN && number <= SIGRTMAX) return number;
  }
  throw invalid(text);
}

export function isSignalOfLinux(signal: number): boolean {
  return signal >= 1 && signal <= SIGRTMAX && signal !== 32 && signal !== 33;
}

const invalid = (text: string): Error => invalidParameter('invalid-signal', `invalid signal: ${text}`);

import { dockerfileError } from '../errors.ts';
import { quote } from '../parser/quote.ts';

/** Nanoseconds of each unit; the order matters: `ms` before `m`. */
const units: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const MAX_NS = 2n ** 63n - 1n;

/** A duration in Go's syntax (`1h30m`, `1.5s`, `-2ms`) → nanoseconds. */
export function parseDuration(text: string): number {
  const isNegative = text.startsWith('-');
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  let total = 0n;
  if (rest === '') throw invalid(text);
  while (rest !== '') {
    const number = /^(\d*)(?:\.(\d*))?/.exec(rest);
    const whole = number?.[1] ?? '';
    const fraction = number?.[2] ?? '';
    if (number === null || whole + fraction === '') throw invalid(text);
    rest = rest.slice(number[0].length);
    const unit = /^[^\d.]*/.exec(rest)?.[0] ?? '';
    if (unit === '') throw dockerfileError(`time: missing unit in duration ${quote(text)}`);
    const scale = Object.hasOwn(units, unit) ? units[unit] : undefined;
    if (scale === undefined) throw dockerfileError(`time: unknown unit ${quote(unit)} in duration ${quote(text)}`);
    rest = rest.slice(unit.length);
    // More digits than these neither fit nor count; without the cut a hostile number would cost real time.
    if (whole.replace(/^0+/, '').length > 20) throw invalid(text);
    const digits = fraction.slice(0, 18);
    total += BigInt(whole || '0') * scale + (BigInt(digits || '0') * scale) / 10n ** BigInt(digits.length);
    if (total > MAX_NS) throw invalid(text);
  }
  return Number(isNegative ? -total : total);
}

/** Nanoseconds as Go prints a duration: `1h30m0s`, `1.5s`, `10ms`. */
export function formatDuration(ns: number): string {
  const size = Math.abs(ns);
  const sign = ns < 0 ? '-' : '';
  if (size === 0) return '0s';
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${decimal(size, 1e3)}µs`;
  if (size < 1e9) return `${sign}${decimal(size, 1e6)}ms`;
  const hours = Math.floor(size / 3.6e12);
  const minutes = Math.floor((size % 3.6e12) / 6e10);
  const seconds = `${decimal(size % 6e10, 1e9)}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : sign + seconds;
}

function decimal(value: number, unit: number): string {
  const whole = Math.floor(value / unit);
  const width = String(unit).length - 1;
  const fraction = String(Math.round(value % unit))
    .padStart(width, '0')
    .replace(/0+$/, '');
  return fraction === '' ? String(whole) : `${whole}.${fraction}`;
}

function invalid(text: string): Error {
  return dockerfileError(`time: invalid duration ${quote(text)}`);
}

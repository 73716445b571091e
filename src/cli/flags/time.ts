import { invalidParameter } from '../../errors/index.ts';
import { parseDurationNs } from '../format/units.ts';

/** `--since`/`--until`: a Go duration before now, seconds since 1970, or an RFC 3339 time or date, as `seconds.nanoseconds`. */
export function parseTimeFlag(flag: string, text: string | undefined, nowMs: number): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const duration = parseDurationNs(text);
  const fraction = /\.(\d+)(?=Z|[+-]\d|$)/.exec(text)?.[1] ?? '';
  const ms = duration === undefined ? Date.parse(text) : nowMs - duration / 1e6;
  if (Number.isNaN(ms))
    throw invalidParameter(
      'bad-time',
      `invalid value for "${flag}": failed to parse value as time or duration: ${JSON.stringify(text)}`,
    );
  const nanoseconds =
    duration === undefined
      ? fraction.slice(0, 9).padEnd(9, '0')
      : String(Math.round((ms % 1000) * 1e6)).padStart(9, '0');
  return `${Math.floor(ms / 1000)}.${nanoseconds}`;
}

const DECIMAL = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB', 'YB'];
const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB', 'ZiB', 'YiB'];

function scaled(bytes: number, base: number, units: readonly string[], precision: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= base && unit < units.length - 1) {
    value /= base;
    unit++;
  }
  return `${Number(value.toPrecision(precision))}${units[unit]}`;
}

/** `1.23MB`: three significant digits, powers of 1,000, as docker shows sizes of images. */
export const formatSize = (bytes: number, digits = 3): string => scaled(bytes, 1000, DECIMAL, digits);

/** `1.95GiB`: four significant digits, powers of 1,024, as docker shows memory. */
export const formatMemory = (bytes: number): string => scaled(bytes, 1024, BINARY, 4);

const SIZE = /^(\d+(?:\.\d+)?) ?(?:([kmgtpKMGTP])?(i?[bB])?)$/;

/** `64m`, `1.5g`, `1024` → bytes (powers of 1,024). Undefined when it is no size. */
export function parseBytes(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const power = match[2] === undefined ? 0 : 'kmgtp'.indexOf(match[2].toLowerCase()) + 1;
  return Math.trunc(Number(match[1]) * 1024 ** power);
}

const AGES: [limitSeconds: number, text: (seconds: number) => string][] = [
  [1, () => 'Less than a second'],
  [2, () => '1 second'],
  [60, (s) => `${Math.trunc(s)} seconds`],
  [120, () => 'About a minute'],
  [3600, (s) => `${Math.trunc(s / 60)} minutes`],
  [5400, () => 'About an hour'],
  [48 * 3600, (s) => `${Math.round(s / 3600)} hours`],
  [14 * 86_400, (s) => `${Math.trunc(s / 86_400)} days`],
  [60 * 86_400, (s) => `${Math.trunc(s / 86_400 / 7)} weeks`],
  [730 * 86_400, (s) => `${Math.trunc(s / 86_400 / 30)} months`],
];

/** `About an hour`, `3 weeks`: as docker words a span of time. */
export function formatAge(seconds: number): string {
  return AGES.find(([limit]) => seconds < limit)?.[1](seconds) ?? `${Math.trunc(seconds / 86_400 / 365)} years`;
}

const UNIT_NS: Record<string, number> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };

/** A Go duration (`1h30m`, `500ms`) in nanoseconds; undefined when it is none. */
export function parseDurationNs(text: string): number | undefined {
  if (text === '0') return 0;
  if (!/^[+-]?(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g))
    total += Number(amount) * (UNIT_NS[unit] ?? 0);
  return text.startsWith('-') ? -total : total;
}

/** `2026-11-21 03:14:18 +0000 UTC`: how docker shows CreatedAt. */
export function formatTimestamp(seconds: number): string {
  return `${new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
}

import { invalidParameter } from '../errors/index.ts';
import { matchGlob, PatternError, parseGlob } from '../lib/index.ts';
import { familiarName, formatFamiliar, parseReference } from '../oci/index.ts';

export type Filters = Record<string, string[]>;

const invalid = (what: string): Error => invalidParameter('invalid-filter', `invalid filter '${what}'`);

/** @throws invalid-parameter `invalid-filter` for a key that is not known here */
export function checkKeys(filters: Filters, known: readonly string[]): void {
  for (const key of Object.keys(filters)) if (!known.includes(key)) throw invalid(key);
}

export const valuesOf = (filters: Filters, key: string): string[] =>
  Object.hasOwn(filters, key) ? (filters[key] ?? []) : [];

export function booleanOf(filters: Filters, key: string): boolean | undefined {
  const values = valuesOf(filters, key);
  if (values.length === 0) return undefined;
  const isTrue = values.some((value) => value === '1' || value === 'true');
  const isFalse = values.some((value) => value === '0' || value === 'false');
  if (isTrue === isFalse) throw invalid(`${key}=[${values.join(' ')}]`);
  return isTrue;
}

/** `label` (all must be there) and `label!` (not all may be there) on an image's labels. */
export function labelFilter(filters: Filters): (labels: Record<string, string> | null) => boolean {
  const wanted = valuesOf(filters, 'label');
  const unwanted = valuesOf(filters, 'label!');
  return (labels) => hasLabels(labels, wanted) && (unwanted.length === 0 || !hasLabels(labels, unwanted));
}

function hasLabels(labels: Record<string, string> | null, wanted: readonly string[]): boolean {
  return wanted.every((text) => {
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    return labels !== null && Object.hasOwn(labels, key) && (equals < 0 || labels[key] === text.slice(equals + 1));
  });
}

/** Does a whole name match one of the patterns, by its familiar form with or without tag? */
export function referenceFilter(patterns: readonly string[]): (name: string) => boolean {
  const globs = patterns.map((pattern) => {
    try {
      return parseGlob(pattern);
    } catch (error) {
      if (error instanceof PatternError) throw invalidParameter('invalid-filter', error.message, { cause: error });
      throw error;
    }
  });
  return (name) => {
    const reference = parseReference(name);
    const forms = [formatFamiliar(reference), familiarName(reference)];
    return globs.some((glob) => forms.some((form) => matchGlob(glob, form)));
  };
}

const UNIT_MS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** The time that `until` names, in ns: a Unix time, an RFC 3339 time or a date, or how long ago (`1h30m`). */
export function untilNs(filters: Filters, nowMs: number): bigint | undefined {
  const values = valuesOf(filters, 'until');
  if (values.length === 0) return undefined;
  const [text = ''] = values;
  if (values.length > 1) throw invalidParameter('invalid-filter', 'more than one until filter specified');
  const ago = durationMs(text);
  if (ago !== undefined) return BigInt(Math.round(nowMs - ago)) * 1_000_000n;
  const unix = /^(\d{1,12})(?:\.(\d{1,9}))?$/.exec(text);
  if (unix !== null) return BigInt(unix[1] ?? 0) * 1_000_000_000n + BigInt((unix[2] ?? '').padEnd(9, '0'));
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) {
    const why = `failed to parse value as time or duration: ${JSON.stringify(text)}`;
    throw invalidParameter('invalid-filter', why);
  }
  return BigInt(ms) * 1_000_000n;
}

function durationMs(text: string): number | undefined {
  if (!/^(?:\d{1,12}(?:\.\d{1,9})?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined;
  let ms = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g))
    ms += Number(number) * (UNIT_MS[unit ?? ''] ?? 0);
  return ms;
}

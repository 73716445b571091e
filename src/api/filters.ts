import { invalidParameter } from '../errors/index.ts';

/** Filter key → values. Null-prototype, so that a key such as `__proto__` is a key. */
export type Filters = Record<string, string[]>;

/** A filter key and the values asked for it. */
export function emptyFilters(): Filters {
  return Object.create(null) as Filters;
}

/**
 * Decodes the `filters` parameter: `{"label":{"a=b":true}}` (what Go clients send) or `{"label":["a=b"]}` (what others
 * do). Values that are `false` are kept out. @throws invalid-parameter `invalid-filter`
 */
export function parseFilters(text: string | null | undefined): Filters {
  const filters = emptyFilters();
  if (text === null || text === undefined || text === '') return filters;
  const decoded = decode(text);
  if (decoded === null) return filters;
  if (typeof decoded !== 'object' || Array.isArray(decoded)) throw invalid();
  for (const [key, values] of Object.entries(decoded)) {
    if (Array.isArray(values)) filters[key] = [...new Set(values.map(stringValue))];
    else if (typeof values === 'object' && values !== null) filters[key] = keysThatHold(values);
    else if (values === null) filters[key] = [];
    else throw invalid();
  }
  return filters;
}

/** The canonical encoding: the map form. */
export function formatFilters(filters: Filters): string {
  const out: Record<string, Record<string, boolean>> = Object.create(null);
  for (const [key, values] of Object.entries(filters)) {
    const held: Record<string, boolean> = Object.create(null);
    for (const value of values) held[value] = true;
    out[key] = held;
  }
  return JSON.stringify(out);
}

function decode(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalid();
  }
}

function keysThatHold(values: object): string[] {
  const keys: string[] = [];
  for (const [key, holds] of Object.entries(values)) {
    if (typeof holds !== 'boolean') throw invalid();
    if (holds) keys.push(key);
  }
  return keys;
}

function stringValue(value: unknown): string {
  if (typeof value !== 'string') throw invalid();
  return value;
}

function invalid(): Error {
  return invalidParameter('invalid-filter', 'invalid filter');
}

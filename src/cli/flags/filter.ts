import { invalidParameter } from '../../errors/index.ts';

export const filterFlag = {
  type: 'list',
  short: 'f',
  placeholder: 'filter',
  description: 'Filter output based on conditions provided',
  check: (word: string) => {
    if (!word.includes('=')) throw invalidParameter('bad-filter', 'bad format of filter (expected name=value)');
  },
} as const;

/** `key=value` words as the API's `filters`; undefined when there are none. */
export function encodeFilters(words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const filters: Record<string, Record<string, true>> = Object.create(null);
  for (const word of words) {
    const at = word.indexOf('=');
    const key = word.slice(0, at).trim().toLowerCase();
    (filters[key] ??= {})[word.slice(at + 1).trim()] = true;
  }
  return JSON.stringify(filters);
}

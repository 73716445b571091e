import { invalidParameter } from '../../errors/index.ts';

export const filterFlag = {
  type: 'list',
  short: 'f',
  placeholder: 'filter',
  description: 'Filter output based on conditions provided',
} as const;

/** `key=value` words as the API's `filters`; undefined when there are none. */
export function encodeFilters(words: readonly string[]): string | undefined {
  if (words.length === 0) return undefined;
  const filters: Record<string, Record<string, true>> = Object.create(null);
  for (const word of words) {
    const at = word.indexOf('=');
    if (at < 0)
      throw invalidParameter(
        'bad-filter',
        `invalid argument "${word}" for "-f, --filter" flag: invalid filter '${word}': must be in 'name=value' format`,
      );
    const key = word.slice(0, at).trim().toLowerCase();
    (filters[key] ??= {})[word.slice(at + 1).trim()] = true;
  }
  return JSON.stringify(filters);
}

import { posix } from 'node:path';
import { invalidParameter, messageOf } from '../../../errors/index.ts';
import { createPatternMatcher } from '../../../lib/index.ts';
import { trimSpace } from '../parser/space.ts';

/** The text of a `.dockerignore` → its patterns, cleaned: no comments, no leading slashes. */
export function parseIgnore(text: string): string[] {
  const patterns: string[] = [];
  for (const line of text.replace(/^\uFEFF/, '').split('\n')) {
    if (line.startsWith('#')) continue;
    const trimmed = trimSpace(line);
    if (trimmed === '') continue;
    const isException = trimmed.startsWith('!');
    patterns.push((isException ? '!' : '') + cleanPattern(trimSpace(isException ? trimmed.slice(1) : trimmed)));
  }
  return patterns;
}

function cleanPattern(pattern: string): string {
  if (pattern === '') return '';
  const clean = posix.normalize(pattern);
  const end = clean.length > 1 && clean.endsWith('/') ? clean.length - 1 : clean.length;
  return clean.slice(end > 1 && clean.startsWith('/') ? 1 : 0, end);
}

/** Patterns → a test of slash paths relative to the context; the context itself is never excluded. */
export function createMatcher(patterns: readonly string[]): { matches(path: string): boolean; hasExceptions: boolean } {
  try {
    const { matches, hasExceptions } = createPatternMatcher(patterns);
    return { hasExceptions, matches: (path) => path !== '.' && path !== '' && matches(path) };
  } catch (error) {
    throw invalidParameter('dockerignore-invalid', `error parsing .dockerignore: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

import { posix } from 'node:path';
import { type Glob, matchGlob, PatternError, parseGlob } from './glob.ts';

export interface PatternMatcher {
  /**
   * Is `path` (relative, `/` between names) excluded? The last pattern that matches the path or one of its parents decides.
   */
  matches(path: string): boolean;
  /** Is there a `!` line: then what is below an excluded folder must be looked at too. */
  hasExceptions: boolean;
}

interface Rule {
  isException: boolean;
  matches(path: string): boolean;
}

/** Go's filepath.Clean for relative slash paths. */
function clean(pattern: string): string {
  const normal = posix.normalize(pattern);
  return normal.length > 1 && normal.endsWith('/') ? normal.slice(0, -1) : normal;
}

/** Patterns like `**` + literal are suffixes and literal + `**` prefixes in moby, which differs from the general rule. */
function matcherOf(pattern: string): (path: string) => boolean {
  const glob = parseGlob(pattern, { doubleStar: true });
  const isLiteral = (part: Glob): boolean => part.every((token) => token.kind === 'literal');
  const textOf = (part: Glob): string => part.map((token) => (token.kind === 'literal' ? token.char : '')).join('');
  const rest = glob.slice(1);
  if (pattern.startsWith('**') && glob[0]?.kind === 'folders' && isLiteral(rest) && !pattern.includes('\\')) {
    const suffix = pattern.slice(2);
    return (path) => path.endsWith(suffix) || (suffix.startsWith('/') && path === suffix.slice(1));
  }
  if (isLiteral(glob)) {
    const text = textOf(glob);
    return (path) => path === text;
  }
  return (path) => matchGlob(glob, path);
}

/**
 * The rules of a .dockerignore file (moby's patternmatcher): blanks trimmed, paths cleaned, `!` re-includes, `*` `?` `[]` within
 * a name, `**` across folders. Comments are the file reader's business. @throws PatternError
 */
export function createPatternMatcher(patterns: readonly string[]): PatternMatcher {
  const rules: Rule[] = [];
  for (const line of patterns) {
    let pattern = line.trim();
    if (pattern === '') continue;
    const isException = pattern.startsWith('!');
    if (isException) pattern = pattern.slice(1).trim();
    if (pattern === '') throw new PatternError('illegal exclusion pattern: "!"');
    pattern = clean(pattern);
    if (pattern.length > 1 && pattern.startsWith('/')) pattern = pattern.slice(1);
    rules.push({ isException, matches: matcherOf(pattern) });
  }
  return {
    hasExceptions: rules.some((rule) => rule.isException),
    matches(path) {
      const parts = path.split('/');
      const prefixes = parts.map((_, index) => parts.slice(0, index + 1).join('/'));
      let isMatched = false;
      for (const rule of rules) {
        // A rule that would change nothing need not be tried.
        if (rule.isException !== isMatched) continue;
        if (prefixes.some((prefix) => rule.matches(prefix))) isMatched = !rule.isException;
      }
      return isMatched;
    },
  };
}

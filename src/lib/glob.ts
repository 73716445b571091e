/** Glob patterns matched in time linear in the text: a set of states, never backtracking. */

type Token =
  | { kind: 'literal'; char: string }
  | { kind: 'any' }
  | { kind: 'class'; isNegated: boolean; ranges: readonly [number, number][] }
  /** `*`: any run without a slash. */
  | { kind: 'star' }
  /** Any run at all. */
  | { kind: 'everything' }
  /** Nothing, or any run that ends in a slash. */
  | { kind: 'folders' };

export type Glob = readonly Token[];

/** A pattern that is not one, in Go's words. */
export class PatternError extends Error {
  constructor(message = 'syntax error in pattern') {
    super(message);
    this.name = 'PatternError';
  }
}

/** `[…]` of Go's filepath.Match from `at` (just behind the bracket). */
function parseClass(chars: readonly string[], at: number): { token: Token; next: number } {
  const ranges: [number, number][] = [];
  let isNegated = false;
  if (chars[at] === '^') {
    isNegated = true;
    at++;
  }
  const one = (): number => {
    let char = chars[at++];
    if (char === undefined || char === '-' || char === ']') throw new PatternError();
    if (char === '\\') char = chars[at++];
    if (char === undefined || at >= chars.length) throw new PatternError();
    return char.codePointAt(0) ?? 0;
  };
  while (!(chars[at] === ']' && ranges.length > 0)) {
    const low = one();
    let high = low;
    if (chars[at] === '-') {
      at++;
      high = one();
    }
    ranges.push([low, high]);
  }
  return { token: { kind: 'class', isNegated, ranges }, next: at + 1 };
}

/**
 * Go's filepath.Match, and with `doubleStar` moby's patternmatcher on top: a slash-terminated `**` stands for any folders,
 * one at the end for everything. @throws PatternError
 */
export function parseGlob(pattern: string, options: { doubleStar?: boolean } = {}): Glob {
  const chars = [...pattern];
  const tokens: Token[] = [];
  let at = 0;
  while (at < chars.length) {
    const char = chars[at++];
    if (char === undefined) break;
    if (char === '*' && options.doubleStar === true && chars[at] === '*') {
      at++;
      if (chars[at] === '/') at++;
      tokens.push({ kind: at >= chars.length ? 'everything' : 'folders' });
    } else if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'any' });
    else if (char === '[') {
      const { token, next } = parseClass(chars, at);
      tokens.push(token);
      at = next;
    } else if (char === '\\') {
      const escaped = chars[at++];
      if (escaped === undefined) throw new PatternError();
      tokens.push({ kind: 'literal', char: escaped });
    } else tokens.push({ kind: 'literal', char });
  }
  return tokens;
}

const isFree = (token: Token | undefined): boolean =>
  token?.kind === 'star' || token?.kind === 'everything' || token?.kind === 'folders';

function takes(token: Token, char: string): boolean {
  switch (token.kind) {
    case 'literal':
      return token.char === char;
    case 'any':
    case 'star':
      return char !== '/';
    case 'class': {
      const code = char.codePointAt(0) ?? 0;
      return char !== '/' && token.ranges.some(([low, high]) => low <= code && code <= high) !== token.isNegated;
    }
    case 'everything':
    case 'folders':
      return true;
    default:
      return token satisfies never;
  }
}

/** Does the whole text match? */
export function matchGlob(glob: Glob, text: string): boolean {
  // State i: tokens before i are matched. A `folders` token that has begun to eat is state i + FOLDERS.
  const inside = glob.length + 1;
  let states = new Set<number>();
  const enter = (set: Set<number>, state: number): void => {
    while (!set.has(state)) {
      set.add(state);
      if (!isFree(glob[state])) return;
      state++;
    }
  };
  enter(states, 0);
  for (const char of text) {
    const next = new Set<number>();
    for (const state of states) {
      const index = state >= inside ? state - inside : state;
      const token = glob[index];
      if (token === undefined || !takes(token, char)) continue;
      if (token.kind === 'folders') {
        next.add(index + inside);
        if (char === '/') enter(next, index + 1);
      } else if (isFree(token)) enter(next, index);
      else enter(next, index + 1);
    }
    states = next;
    if (states.size === 0) return false;
  }
  return states.has(glob.length);
}

/** Has the pattern anything that is not itself? */
export function hasGlobMeta(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}

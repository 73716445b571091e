import { dockerfileError } from '../errors.ts';

/** One unit of a shell pattern; `*` and `?` do not cross a newline. */
type Token = { kind: 'char'; char: string } | { kind: 'any' } | { kind: 'star' };

const isEscapable = (char: string | undefined): boolean => char === '*' || char === '?' || char === '\\';

function tokenize(pattern: string): Token[] {
  const tokens: Token[] = [];
  const chars = [...pattern];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') tokens.push({ kind: 'star' });
    else if (char === '?') tokens.push({ kind: 'any' });
    else if (char !== '\\') tokens.push({ kind: 'char', char });
    else {
      const next = chars[at + 1];
      // `}` and `/` are escaped for the sake of `${…}`; the escape is not the pattern's.
      if (next === '}' || next === '/') continue;
      if (!isEscapable(next)) {
        const name = next ?? '\uFFFD';
        throw dockerfileError(`invalid pattern (${pattern}) in substitution: invalid escape '\\${name}'`);
      }
      tokens.push({ kind: 'char', char: next ?? '' });
      at++;
    }
  }
  return tokens;
}

/** Fills `states` (index = tokens matched) with what is reachable without reading: stars match nothing. */
function skipStars(tokens: readonly Token[], states: Uint8Array): void {
  for (let at = 0; at < tokens.length; at++) {
    if (states[at] === 1 && tokens[at]?.kind === 'star') states[at + 1] = 1;
  }
}

/** States after reading `char`; undefined when none is left. Linear in the pattern, whatever the text: no backtracking. */
function step(tokens: readonly Token[], states: Uint8Array, char: string): Uint8Array | undefined {
  const next = new Uint8Array(states.length);
  let isAlive = false;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (states[at] !== 1 || token === undefined) continue;
    if (token.kind === 'char' ? token.char !== char : char === '\n') continue;
    next[token.kind === 'star' ? at : at + 1] = 1;
    isAlive = true;
  }
  if (!isAlive) return undefined;
  skipStars(tokens, next);
  return next;
}

/** Length of the shortest or longest match of `tokens` at `start`; -1 without one. */
function matchAt(tokens: readonly Token[], text: readonly string[], start: number, isLongest: boolean): number {
  let states: Uint8Array | undefined = new Uint8Array(tokens.length + 1);
  states[0] = 1;
  skipStars(tokens, states);
  let found = -1;
  for (let at = start; states !== undefined; at++) {
    if (states[tokens.length] === 1) {
      found = at - start;
      if (!isLongest) break;
    }
    const char = text[at];
    if (char === undefined) break;
    states = step(tokens, states, char);
  }
  return found;
}

/** `${v#p}` and `${v##p}`. */
export function trimPrefix(value: string, pattern: string, isLongest: boolean): string {
  const text = [...value];
  const length = matchAt(tokenize(pattern), text, 0, isLongest);
  return length > 0 ? text.slice(length).join('') : value;
}

/** `${v%p}` and `${v%%p}`: the same from behind. */
export function trimSuffix(value: string, pattern: string, isLongest: boolean): string {
  const text = [...value].reverse();
  const length = matchAt(tokenize(pattern).reverse(), text, 0, isLongest);
  return length > 0 ? text.slice(length).reverse().join('') : value;
}

/** Steps a replacement may take: text length × pattern length, some hundred ms. */
const MAX_STEPS = 50_000_000;

/** `${v/p/r}` and `${v//p/r}`: leftmost, longest. */
export function replacePattern(value: string, pattern: string, replacement: string, isAll: boolean): string {
  const tokens = tokenize(pattern);
  const text = [...value];
  const lineEnd = endOfLines(text);
  let budget = MAX_STEPS;
  let out = '';
  let at = 0;
  let lastEnd = -1;
  while (at <= text.length) {
    budget -= (tokens[0]?.kind === 'char' && tokens[0].char !== text[at] ? 1 : (lineEnd[at] ?? at) - at + 1) * 4;
    if (budget < 0) throw dockerfileError(`the value is too long for the pattern (${pattern}) in substitution`);
    const length = matchAt(tokens, text, at, true);
    const isEmptyAfterMatch = length === 0 && at === lastEnd;
    if (length >= 0 && !isEmptyAfterMatch) {
      out += replacement;
      at += length;
      lastEnd = at;
      if (!isAll) break;
      if (length > 0) continue;
    }
    out += text[at] ?? '';
    at++;
  }
  return out + text.slice(at).join('');
}

function endOfLines(text: readonly string[]): Int32Array {
  const ends = new Int32Array(text.length + 1);
  let end = text.length;
  for (let at = text.length; at >= 0; at--) {
    if (text[at] === '\n') end = at;
    ends[at] = end;
  }
  return ends;
}

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

/** Steps one substitution may take (characters × tokens): well under a second. */
const MAX_STEPS = 50_000_000;
/** Characters one substitution may add. */
const MAX_ADDED = 16 * 1024 * 1024;
const NONE = -1;

/**
 * Follows all positions of a pattern at once, so that no pattern makes it backtrack. `state i` = the first i tokens are matched;
 * each state remembers where its match began, and keeps the earliest.
 */
class Machine {
  private readonly tokens: readonly Token[];
  private readonly text: readonly string[];
  private readonly pattern: string;
  private states: Int32Array;
  private next: Int32Array;
  private steps = 0;

  constructor(pattern: string, tokens: readonly Token[], text: readonly string[]) {
    this.pattern = pattern;
    this.tokens = tokens;
    this.text = text;
    this.states = new Int32Array(tokens.length + 1);
    this.next = new Int32Array(tokens.length + 1);
  }

  /** The leftmost match at or behind `from`; of those the longest or shortest. `isAnchored`: only at `from` itself. */
  find(from: number, isLongest: boolean, isAnchored: boolean): { start: number; end: number } | undefined {
    let best: { start: number; end: number } | undefined;
    this.states.fill(NONE);
    for (let at = from; at <= this.text.length; at++) {
      if (best === undefined && (!isAnchored || at === from)) this.enter(this.states, 0, at);
      const start = this.states[this.tokens.length] ?? NONE;
      if (start !== NONE && (best === undefined || start <= best.start)) best = { start, end: at };
      if (best !== undefined && !isLongest) return best;
      const isAlive = this.read(this.text[at], best?.start ?? at);
      if (!isAlive && (best !== undefined || isAnchored)) return best;
    }
    return best;
  }

  /** Reads one character; matches that begin behind `latest` are no longer of interest. */
  private read(char: string | undefined, latest: number): boolean {
    this.steps += this.tokens.length + 1;
    if (this.steps > MAX_STEPS) {
      throw dockerfileError(`the value is too long for the pattern (${this.pattern}) in substitution`);
    }
    this.next.fill(NONE);
    let isAlive = false;
    for (let state = 0; char !== undefined && state < this.tokens.length; state++) {
      const start = this.states[state] ?? NONE;
      const token = this.tokens[state];
      if (start === NONE || start > latest || token === undefined) continue;
      if (token.kind === 'char' ? token.char !== char : char === '\n') continue;
      this.enter(this.next, token.kind === 'star' ? state : state + 1, start);
      isAlive = true;
    }
    [this.states, this.next] = [this.next, this.states];
    return isAlive;
  }

  private enter(states: Int32Array, state: number, start: number): void {
    for (let at = state; at < states.length; at++) {
      const known = states[at] ?? NONE;
      if (known !== NONE && known <= start) return;
      states[at] = start;
      // A star may match nothing.
      if (this.tokens[at]?.kind !== 'star') return;
    }
  }
}

/** `${v#p}` and `${v##p}`. */
export function trimPrefix(value: string, pattern: string, isLongest: boolean): string {
  const text = [...value];
  const match = new Machine(pattern, tokenize(pattern), text).find(0, isLongest, true);
  return match === undefined ? value : text.slice(match.end).join('');
}

/** `${v%p}` and `${v%%p}`: the same from behind. */
export function trimSuffix(value: string, pattern: string, isLongest: boolean): string {
  const text = [...value].reverse();
  const match = new Machine(pattern, tokenize(pattern).reverse(), text).find(0, isLongest, true);
  return match === undefined ? value : text.slice(match.end).reverse().join('');
}

/** `${v/p/r}` and `${v//p/r}`: leftmost, longest. */
export function replacePattern(value: string, pattern: string, replacement: string, isAll: boolean): string {
  const text = [...value];
  const machine = new Machine(pattern, tokenize(pattern), text);
  const parts: string[] = [];
  let copied = 0;
  let at = 0;
  let added = 0;
  while (at <= text.length) {
    const match = machine.find(at, true, false);
    if (match === undefined) break;
    const isEmpty = match.end === match.start;
    // Nothing is not matched again where a match has just ended.
    if (!isEmpty || match.start !== copied || copied === 0) {
      parts.push(text.slice(copied, match.start).join(''), replacement);
      copied = match.end;
      added += replacement.length;
      if (added > MAX_ADDED) throw dockerfileError(`the result of replacing (${pattern}) is too long`);
      if (!isAll) break;
    }
    at = isEmpty ? match.end + 1 : match.end;
  }
  parts.push(text.slice(copied).join(''));
  return parts.join('');
}

import { dockerfileError } from '../errors.ts';
import { quote } from '../parser/quote.ts';
import { isSpace } from '../parser/space.ts';
import { replacePattern, trimPrefix, trimSuffix } from './pattern.ts';

export interface LexOptions {
  lookup(name: string): string | undefined;
  escapeToken: string;
  unmatched?: Set<string>;
  /** Keep quotes, and the escape tokens, in the result. */
  rawQuotes?: boolean;
  rawEscapes?: boolean;
  /** Quotes have no meaning: the content of files. */
  skipQuotes?: boolean;
  /** A reference to an unset variable stays as it is written. */
  skipUnset?: boolean;
}

/** How deep `${…}` may nest. */
const MAX_DEPTH = 250;
/** How much longer than its source a result may be: `ENV A=$A$A` repeated must end in an error, not in the memory. */
const MAX_GROWTH = 16 * 1024 * 1024;

/**
 * Word expansion and splitting, one pass over the text: quotes, escapes, `$name`, `${name…}` with its modifiers.
 * Splitting happens after expansion and respects quotes.
 */
export class Lexer {
  private readonly text: string;
  private readonly options: LexOptions;
  private rawEscapes: boolean;
  private at = 0;
  private depth = 0;
  private growth = 0;

  constructor(text: string, options: LexOptions) {
    this.text = text;
    this.options = options;
    this.rawEscapes = options.rawEscapes === true;
  }

  run(): { word: string; words: string[] } {
    try {
      return this.until(undefined, this.rawEscapes);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      throw dockerfileError(`failed to process ${shortQuote(this.text)}: ${error.message}`);
    }
  }

  /** Up to `stop` (which is eaten), or to the end of the text. */
  private until(stop: string | undefined, rawEscapes: boolean): { word: string; words: string[] } {
    if (++this.depth > MAX_DEPTH) throw dockerfileError('substitutions are nested too deeply');
    const outerRaw = this.rawEscapes;
    this.rawEscapes = rawEscapes;
    const out = new Splitter();
    while (this.at < this.text.length) {
      const plainEnd = this.endOfPlain(stop);
      if (plainEnd > this.at) {
        out.split(this.text.slice(this.at, plainEnd));
        this.at = plainEnd;
        continue;
      }
      const ch = this.text.charAt(this.at);
      if (ch === stop) {
        this.at++;
        this.depth--;
        this.rawEscapes = outerRaw;
        return out.end();
      }
      this.piece(ch, out);
    }
    if (stop !== undefined) {
      throw dockerfileError(`unexpected end of statement while looking for matching ${stop}`);
    }
    this.depth--;
    this.rawEscapes = outerRaw;
    return out.end();
  }

  private endOfPlain(stop: string | undefined): number {
    let at = this.at;
    while (at < this.text.length) {
      const ch = this.text.charAt(at);
      if (ch === '$' || ch === '<' || ch === "'" || ch === '"' || ch === this.options.escapeToken || ch === stop) break;
      at++;
    }
    return at;
  }

  private piece(ch: string, out: Splitter): void {
    if (ch === '$') return out.split(this.dollar());
    if (ch === '<') return out.raw(this.maybeHeredoc());
    if (ch === "'" && !this.options.skipQuotes) return out.raw(this.singleQuoted());
    if (ch === '"' && !this.options.skipQuotes) return out.raw(this.doubleQuoted());
    this.at++;
    if (ch !== this.options.escapeToken) return out.split(ch);
    if (this.rawEscapes) out.raw(ch);
    if (this.at < this.text.length) out.raw(this.text.charAt(this.at++));
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end === -1) {
      this.at = this.text.length;
      throw dockerfileError('unexpected end of statement while looking for matching single-quote');
    }
    const body = this.options.rawQuotes ? this.text.slice(this.at, end + 1) : this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return body;
  }

  private doubleQuoted(): string {
    const mark = this.options.rawQuotes ? '"' : '';
    let out = mark;
    this.at++;
    while (this.at < this.text.length) {
      const ch = this.text.charAt(this.at);
      if (ch === '"') {
        this.at++;
        return out + mark;
      }
      if (ch === '$') {
        out += this.dollar();
        continue;
      }
      this.at++;
      if (ch !== this.options.escapeToken) out += ch;
      else out += this.escapedInQuotes();
    }
    throw dockerfileError('unexpected end of statement while looking for matching double-quote');
  }

  /** Within double quotes an escape token only escapes `"`, `$` and itself; elsewhere it stands for itself. */
  private escapedInQuotes(): string {
    const token = this.options.escapeToken;
    const next = this.text.charAt(this.at);
    if (next === '') return this.rawEscapes ? token : '';
    const isEscaped = next === '"' || next === '$' || next === token;
    if (!isEscaped) return this.rawEscapes ? token + token : token;
    this.at++;
    return this.rawEscapes ? token + next : next;
  }

  private maybeHeredoc(): string {
    this.at++;
    if (this.text[this.at] !== '<') return '<';
    const start = this.at - 1;
    this.at++;
    while (/[\t\r ]/.test(this.text.charAt(this.at))) this.at++;
    return this.text.slice(start, this.at);
  }

  private dollar(): string {
    this.at++;
    if (this.text[this.at] !== '{') {
      const name = this.name();
      if (name === '') return '$';
      return this.lookup(name) ?? (this.options.skipUnset ? `$${name}` : '');
    }
    this.at++;
    const first = this.text[this.at];
    if (first === undefined) throw dockerfileError("syntax error: missing '}'");
    if (first === '{' || first === '}' || first === ':') throw dockerfileError('syntax error: bad substitution');
    const name = this.name();
    const operator = this.text.charAt(this.at++);
    if (operator === '}') return this.lookup(name) ?? (this.options.skipUnset ? `\${${name}}` : '');
    if (operator === '/') return this.replacement(name);
    return this.modified(name, operator);
  }

  private modified(name: string, first: string): string {
    const isColon = first === ':';
    const operator = isColon ? this.text.charAt(this.at++) : first;
    const written = isColon ? first + operator : first;
    const isTrim = operator === '#' || operator === '%';
    const isKnown = isTrim ? !isColon : operator === '+' || operator === '-' || operator === '?';
    if (!isKnown) throw dockerfileError(`unsupported modifier (${written || '\uFFFD'}) in substitution`);
    const word = this.part('}', isTrim);
    const value = this.lookup(name);
    if (value === undefined && this.options.skipUnset) return `\${${name}${written}${word}}`;
    const isMissing = value === undefined || (isColon && value === '');
    if (operator === '-') return isMissing ? word : value;
    if (operator === '+') return isMissing ? '' : word;
    if (operator === '?') {
      if (!isMissing) return value;
      const state = value === undefined ? 'unset' : 'empty';
      throw dockerfileError(`${name}: ${word || `is not allowed to be ${state}`}`);
    }
    const isLongest = word.startsWith(operator);
    const pattern = isLongest ? word.slice(1) : word;
    const trim = operator === '#' ? trimPrefix : trimSuffix;
    return trim(value ?? '', pattern, isLongest);
  }

  private replacement(name: string): string {
    const isAll = this.text[this.at] === '/';
    if (isAll) this.at++;
    const pattern = this.part('/', true);
    const text = this.part('}', true);
    const value = this.lookup(name);
    if (value === undefined && this.options.skipUnset) return `\${${name}/${pattern}/${text}}`;
    return this.grown(replacePattern(value ?? '', pattern, text, isAll));
  }

  private part(stop: '}' | '/', rawEscapes: boolean): string {
    try {
      return this.until(stop, rawEscapes).word;
    } catch (error) {
      if (this.at < this.text.length) throw error;
      throw dockerfileError(`syntax error: missing '${stop}'${stop === '/' ? ' in $' + '{}' : ''}`);
    }
  }

  /** A name; a number; or one of the special parameters, which are never set here. */
  private name(): string {
    const pattern = /[@*#?\-$!]|\p{Nd}+|[\p{L}_][\p{L}\p{Nd}_]*/uy;
    pattern.lastIndex = this.at;
    const name = pattern.exec(this.text)?.[0] ?? '';
    this.at += name.length;
    return name;
  }

  private lookup(name: string): string | undefined {
    const value = this.options.lookup(name);
    if (value === undefined) this.options.unmatched?.add(name);
    return value === undefined ? undefined : this.grown(value);
  }

  private grown(value: string): string {
    this.growth += value.length;
    if (this.growth > MAX_GROWTH) throw dockerfileError(`the expansion is longer than ${MAX_GROWTH} characters`);
    return value;
  }
}

/** Gathers the whole word, and at the same time the words it splits into. */
class Splitter {
  private word = '';
  private current = '';
  private readonly words: string[] = [];

  /** Text that white space divides. */
  split(text: string): void {
    this.word += text;
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      if (!isSpace(text.charCodeAt(at))) continue;
      this.current += text.slice(start, at);
      this.flush();
      start = at + 1;
    }
    this.current += text.slice(start);
  }

  /** Text that stays in one piece. */
  raw(text: string): void {
    this.word += text;
    this.current += text;
  }

  end(): { word: string; words: string[] } {
    this.flush();
    return { word: this.word, words: this.words };
  }

  private flush(): void {
    if (this.current !== '') this.words.push(this.current);
    this.current = '';
  }
}

function shortQuote(text: string): string {
  return quote(text.length > 500 ? `${text.slice(0, 500)}…` : text);
}

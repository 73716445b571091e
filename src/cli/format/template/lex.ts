import { invalidParameter } from '../../../errors/index.ts';

/** A token of an action; `at` and `end` are where it stands in the source. */
export type Token = TokenBody & { at: number; end: number };
type TokenBody =
  | { kind: 'text'; text: string }
  | { kind: 'open' }
  | { kind: 'close' }
  | { kind: 'field'; text: string }
  | { kind: 'variable'; text: string }
  | { kind: 'word'; text: string }
  | { kind: 'string'; text: string }
  | { kind: 'number'; text: string }
  | { kind: 'punctuation'; text: string };

const ACTION =
  /^(?:(\s+)|("(?:[^"\\\n]|\\.)*")|`([^`]*)`|([+-]?(?:0x[0-9a-fA-F]+|\d+(?:\.\d+)?(?:e[+-]?\d+)?)|'(?:[^'\\\n]|\\.)')|((?:\.[A-Za-z_]\w*)|\.(?![A-Za-z_]))|(\$\w*)|([A-Za-z_]\w*)|(:=|[|(),=]))/;

export const templateError = (message: string): Error =>
  invalidParameter('bad-template', `template parsing error: template: :1: ${message}`);

/** Cuts a Go template into text and the tokens of its actions; `{{- ` and ` -}}` trim the text beside them; comments vanish. */
export function lex(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let trimNext = false;
  while (at < source.length) {
    const start = source.indexOf('{{', at);
    let text = source.slice(at, start < 0 ? undefined : start);
    if (trimNext) text = text.trimStart();
    const trimsBefore = start >= 0 && /^\{\{-\s/.test(source.slice(start, start + 4));
    if (trimsBefore) text = text.trimEnd();
    if (text !== '') tokens.push({ kind: 'text', text, at, end: start });
    if (start < 0) break;
    at = start + (trimsBefore ? 3 : 2);
    const comment = /^\s*\/\*[\s\S]*?\*\/\s*?(\s-)?\}\}/.exec(source.slice(at));
    if (comment !== null) {
      at += comment[0].length;
      trimNext = comment[1] !== undefined;
      continue;
    }
    tokens.push({ kind: 'open', at, end: at });
    ({ at, trimNext } = lexAction(source, at, tokens));
    tokens.push({ kind: 'close', at, end: at });
  }
  return tokens;
}

function lexAction(source: string, from: number, tokens: Token[]): { at: number; trimNext: boolean } {
  let at = from;
  for (;;) {
    if (at >= source.length) throw templateError('unclosed action');
    if (source.startsWith('}}', at)) return { at: at + 2, trimNext: false };
    if (/^\s-\}\}/.test(source.slice(at, at + 4))) return { at: at + 4, trimNext: true };
    const match = ACTION.exec(source.slice(at));
    if (match === null) throw templateError(`unexpected ${JSON.stringify(source[at])} in operand`);
    const [whole, space, quoted, raw, number, field, variable, word, punctuation] = match;
    const push = (body: TokenBody): unknown => tokens.push({ ...body, at: at - whole.length, end: at });
    at += whole.length;
    if (space !== undefined) continue;
    if (quoted !== undefined) push({ kind: 'string', text: unquote(quoted) });
    else if (raw !== undefined) push({ kind: 'string', text: raw });
    else if (number !== undefined) push({ kind: 'number', text: number });
    else if (field !== undefined)
      push({ kind: 'field', text: joined(source, at - whole.length) ? `+${field}` : field });
    else if (variable !== undefined) push({ kind: 'variable', text: variable });
    else if (word !== undefined) push({ kind: 'word', text: word });
    else if (punctuation !== undefined) push({ kind: 'punctuation', text: punctuation });
  }
}

/** `.A.B`, `$x.A`, `(…).A`: a field that follows its operand without a space belongs to it (marked `+`). */
const joined = (source: string, at: number): boolean => /[\w)$]/.test(source[at - 1] ?? ' ');

function unquote(quoted: string): string {
  try {
    return JSON.parse(
      quoted
        .replace(/\\'/g, "'")
        .replace(/\\a/g, '\\u0007')
        .replace(/\\v/g, '\\u000b')
        .replace(/\\x([0-9a-fA-F]{2})/g, '\\u00$1'),
    ) as string;
  } catch {
    throw templateError(`invalid syntax: ${quoted}`);
  }
}

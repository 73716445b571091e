import type { ParsedDockerfile, Range } from '../contract.ts';
import { dockerfileError } from '../errors.ts';
import { isSpace, trimSpaceStart } from './space.ts';

type EscapeToken = ParsedDockerfile['escapeToken'];

const known = new Set(['syntax', 'escape', 'check']);

/**
 * Parser directives (`# escape=…`): only at the top, before every other comment, blank line and instruction, each once.
 * `directives` fills while the lines are offered; the first line that is none ends it for good.
 */
export class DirectiveReader {
  escapeToken: EscapeToken = '\\';
  readonly directives: ParsedDockerfile['directives'] = {};
  private done = false;
  private readonly comment: string;

  constructor(comment = '#') {
    this.comment = comment;
  }

  /** Is `line` (no leading white space, no line end) a directive? */
  offer(line: string, lineNumber: number): boolean {
    if (this.done) return false;
    const pair = line.startsWith(this.comment) ? parsePair(trimSpaceStart(line.slice(this.comment.length))) : undefined;
    if (pair === undefined || !known.has(pair.name)) {
      this.done = true;
      return false;
    }
    const range: Range = { startLine: lineNumber, endLine: lineNumber };
    if (this.directives[pair.name] !== undefined) {
      throw dockerfileError(`only one ${pair.name} parser directive can be used`, { range });
    }
    this.directives[pair.name] = { value: pair.value, range };
    if (pair.name === 'escape') this.escapeToken = parseEscapeToken(pair.value, range);
    return true;
  }
}

function parseEscapeToken(value: string, range: Range): EscapeToken {
  if (value === '\\' || value === '`') return value;
  throw dockerfileError(`invalid escape token '${value}' does not match \` or \\`, { range });
}

function parsePair(text: string): { name: string; value: string } | undefined {
  const name = /^([a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=/.exec(text);
  if (name?.[1] === undefined) return undefined;
  const raw = text.slice(name[0].length);
  if (raw === '') return undefined;
  // A value of nothing but blanks counts as its last blank.
  const value = raw.replace(/^[\t\n\f\r ]+/, '').replace(/(?<![\t\n\f\r ])[\t\n\f\r ]+$/, '') || raw.slice(-1);
  return { name: name[1].toLowerCase(), value };
}

/**
 * The directives that choose a frontend and its checks. Unlike `escape` they are also seen after a `#!` line, and `syntax` also
 * as `// syntax=…` and as the member of a JSON object.
 */
export function detectDirectives(text: string): ParsedDockerfile['directives'] {
  const isShebang = text.startsWith('#!');
  const newline = text.indexOf('\n');
  const body = isShebang ? (newline === -1 ? '' : text.slice(newline + 1)) : text;
  const firstLine = isShebang ? 2 : 1;
  const found = readAll(body, '#', firstLine);
  if (found['syntax'] !== undefined) return found;
  const syntax = readAll(body, '//', firstLine)['syntax'] ?? syntaxOfJson(body, firstLine);
  return syntax === undefined ? found : { ...found, syntax };
}

function readAll(text: string, comment: string, firstLine: number): ParsedDockerfile['directives'] {
  const reader = new DirectiveReader(comment);
  let at = 0;
  let line = firstLine;
  try {
    while (at < text.length) {
      const newline = text.indexOf('\n', at);
      const end = newline === -1 ? text.length : newline;
      if (!reader.offer(text.slice(at, end).replace(/\r$/, ''), line++)) break;
      at = end + 1;
    }
  } catch {
    // A bad or repeated directive is the parser's to report.
  }
  return reader.directives;
}

function syntaxOfJson(text: string, line: number): { value: string; range: Range } | undefined {
  let start = 0;
  while (start < text.length && isSpace(text.charCodeAt(start))) start++;
  if (text[start] !== '{') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    const syntax = typeof value === 'object' && value !== null && 'syntax' in value ? value.syntax : undefined;
    return typeof syntax === 'string' ? { value: syntax, range: { startLine: line, endLine: line } } : undefined;
  } catch {
    return undefined;
  }
}

import type { Heredoc } from '../contract.ts';
import { Lexer, type LexOptions } from '../expand/lexer.ts';

/** Heredoc words are read with `\` as the escape token whatever the file says, and without any variable. */
const lexing: LexOptions = { lookup: () => undefined, escapeToken: '\\', skipUnset: true };

export type HeredocHead = Omit<Heredoc, 'content'>;

/** `3<<-"EOF"` → its parts; undefined when the word is no heredoc. Throws on quotes that do not end. */
export function parseHeredoc(word: string): HeredocHead | undefined {
  const start = /^(\d*)<<(-?)[\t\n\f\r ]*/.exec(word);
  if (start === null) return undefined;
  const rest = word.slice(start[0].length);
  if (rest === '' || rest.includes('<')) return undefined;
  const [name, ...more] = new Lexer(rest, lexing).run().words;
  if (name === undefined || more.length > 0) return undefined;
  const quoted = new Lexer(rest, { ...lexing, rawQuotes: true }).run().words[0] ?? '';
  return {
    name,
    fd: Number(start[1] || 0),
    chomp: start[2] === '-',
    expand: countQuotes(name) === countQuotes(quoted),
  };
}

/** The same, where a malformed word is simply not a heredoc. */
export function findHeredoc(word: string): HeredocHead | undefined {
  try {
    return parseHeredoc(word);
  } catch {
    return undefined;
  }
}

/** The heredocs that a whole line opens, in order. A line that the shell lexer cannot read opens none. */
export function heredocsOfLine(line: string): HeredocHead[] {
  let words: string[];
  try {
    words = new Lexer(line, { ...lexing, rawQuotes: true, rawEscapes: true }).run().words;
  } catch {
    return [];
  }
  return words.map(parseHeredoc).filter((head) => head !== undefined);
}

/** `<<-`: leading tabs are removed from every line. */
export function chompContent(content: string): string {
  return content.replace(/^\t+/gm, '');
}

function countQuotes(text: string): number {
  return text.match(/['"]/g)?.length ?? 0;
}

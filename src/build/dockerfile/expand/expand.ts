import type { ExpandOptions } from '../contract.ts';
import { Lexer } from './lexer.ts';

/** One word out of one word: quotes and escapes removed, variables replaced. */
export function expandWord(word: string, options: ExpandOptions): string {
  return isPlain(word, options.escapeToken) ? word : new Lexer(word, options).run().word;
}

/** The same, then split at the white space that is not quoted. */
export function expandWords(word: string, options: ExpandOptions): string[] {
  return new Lexer(word, options).run().words;
}

/** The content of a heredoc given to COPY or ADD: variables and escapes, always with `\`; quotes mean nothing. */
export function expandContent(content: string, options: Omit<ExpandOptions, 'escapeToken'>): string {
  return new Lexer(content, { ...options, escapeToken: '\\', skipQuotes: true }).run().word;
}

function isPlain(word: string, escapeToken: string): boolean {
  return !/['"$<]/.test(word) && !word.includes(escapeToken);
}

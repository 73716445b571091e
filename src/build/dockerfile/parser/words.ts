import { isSpace } from './space.ts';

/**
 * The words of ENV, LABEL and ARG. Quotes and escapes stay in them (expansion removes both); they only decide where a
 * word ends. An escape token at the very end is dropped.
 */
export function parseWords(text: string, escapeToken: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (true) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++;
    if (at >= text.length) return words;
    const end = endOfWord(text, at, escapeToken);
    const hasLooseEscape = end === text.length && endsInLooseEscape(text, at, escapeToken);
    const word = text.slice(at, hasLooseEscape ? end - 1 : end);
    if (word !== '') words.push(word);
    at = end;
  }
}

function endOfWord(text: string, start: number, escapeToken: string): number {
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const ch = text.charAt(at);
    if (quote === '') {
      if (isSpace(text.charCodeAt(at))) return at;
      if (ch === "'" || ch === '"') quote = ch;
      else if (ch === escapeToken) at++;
    } else if (ch === quote) quote = '';
    else if (ch === escapeToken && quote !== "'") at++;
  }
  return text.length;
}

/** Does the word that runs to the end of the text end in an escape token with nothing after it? */
function endsInLooseEscape(text: string, start: number, escapeToken: string): boolean {
  if (text.at(-1) !== escapeToken) return false;
  let quote = '';
  for (let at = start; at < text.length; at++) {
    const ch = text.charAt(at);
    if (quote === '' && (ch === "'" || ch === '"')) quote = ch;
    else if (quote !== '' && ch === quote) quote = '';
    else if (ch === escapeToken && quote !== "'") {
      if (at === text.length - 1) return true;
      at++;
    }
  }
  return false;
}

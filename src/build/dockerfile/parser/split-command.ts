import { cutBlank, isSpace, trimSpace } from './space.ts';

export interface SplitLine {
  command: string;
  flags: string[];
  args: string;
}

/** `COPY --from=a b c` → the instruction's name, its flags (quotes removed), and the rest. */
export function splitCommand(line: string, escapeToken: string): SplitLine {
  const [command, rest] = cutBlank(trimSpace(line));
  if (rest === undefined) return { command, flags: [], args: '' };
  const { flags, args } = takeFlags(rest, escapeToken);
  return { command, flags, args: trimSpace(args) };
}

function takeFlags(line: string, escapeToken: string): { flags: string[]; args: string } {
  const flags: string[] = [];
  let at = 0;
  while (true) {
    while (at < line.length && isSpace(line.charCodeAt(at))) at++;
    if (at >= line.length) return { flags, args: '' };
    if (!line.startsWith('--', at)) return { flags, args: line.slice(at) };
    const word = takeFlag(line, at, escapeToken);
    at = word.end;
    if (word.text === '--') return { flags, args: line.slice(at) };
    flags.push(word.text);
  }
}

/** One flag: quotes are removed, the escape token keeps the next character as it is. */
function takeFlag(line: string, start: number, escapeToken: string): { text: string; end: number } {
  let text = '';
  let quote = '';
  let at = start;
  for (; at < line.length; at++) {
    let ch = line.charAt(at);
    if (quote === '' && isSpace(line.charCodeAt(at))) break;
    if (ch === quote) {
      quote = '';
      continue;
    }
    if (quote === '' && (ch === "'" || ch === '"')) {
      quote = ch;
      continue;
    }
    if (ch === escapeToken) {
      at++;
      if (at === line.length) break;
      ch = line.charAt(at);
    }
    text += ch;
  }
  return { text, end: Math.min(at, line.length) };
}

import { StartError } from './errors.ts';
import { OPTIONS, type OptionKind } from './options.ts';

/** What one source says: option key (or flag, for flag-only ones) → value. */
export type Given = Map<string, unknown>;

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

/** `-H unix:///x -H tcp://…  --debug=false -D`, as pflag reads them. @throws StartError */
export function parseFlags(argv: readonly string[]): Given {
  const given: Given = new Map();
  const rest = [...argv];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const { name, inline } = split(word);
    const option = OPTIONS.find(({ flag, short }) => (word.startsWith('--') ? flag === name : short === name));
    if (option === undefined || name === '') throw new StartError(`unknown flag: ${word}`);
    let text = inline;
    if (text === undefined) text = option.kind === 'flag' ? 'true' : rest.shift();
    if (text === undefined) throw new StartError(`flag needs an argument: ${word}`);
    add(given, option.key || option.flag, option.kind, text, word);
  }
  return given;
}

function split(word: string): { name: string; inline: string | undefined } {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=');
    return equals < 0
      ? { name: word.slice(2), inline: undefined }
      : { name: word.slice(2, equals), inline: word.slice(equals + 1) };
  }
  if (!word.startsWith('-') || word.length < 2) throw new StartError(`"berth daemon" accepts no arguments: ${word}`);
  const value = word.slice(2).replace(/^=/, '');
  return { name: word.slice(1, 2), inline: value === '' ? undefined : value };
}

function add(given: Given, key: string, kind: OptionKind, text: string, word: string): void {
  if (kind === 'list') given.set(key, [...((given.get(key) as string[] | undefined) ?? []), text]);
  else if (kind === 'map') {
    const equals = text.indexOf('=');
    if (equals < 0) throw new StartError(`invalid argument "${text}" for "${word}": must be formatted as key=value`);
    const before = (given.get(key) as Record<string, string> | undefined) ?? {};
    given.set(key, { ...before, [text.slice(0, equals)]: text.slice(equals + 1) });
  } else if (kind === 'flag') given.set(key, readFlag(text, word));
  else if (kind === 'whole') {
    if (!/^-?\d+$/.test(text)) throw new StartError(`invalid argument "${text}" for "${word}": not a whole number`);
    given.set(key, Number(text));
  } else given.set(key, text);
}

function readFlag(text: string, word: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new StartError(
    `invalid argument "${text}" for "${word}" flag: strconv.ParseBool: parsing "${text}": invalid syntax`,
  );
}

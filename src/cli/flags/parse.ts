import { invalidParameter, messageOf } from '../../errors/index.ts';
import type { Flag, FlagTable, FlagValues } from './spec.ts';

export interface ParsedFlags<T extends FlagTable> {
  flags: FlagValues<T>;
  /** Names that were given on the command line. */
  given: ReadonlySet<string>;
  args: string[];
}

type Raw = boolean | string | number | string[];

const usage = (message: string): Error => invalidParameter('bad-flag', message);

const TRUE = new Set(['1', 't', 'T', 'true', 'TRUE', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'false', 'FALSE', 'False']);

function convert(flag: Flag, label: string, text: string): boolean | string | number {
  if (flag.type === 'bool') {
    if (TRUE.has(text)) return true;
    if (FALSE.has(text)) return false;
    throw usage(
      `invalid argument ${JSON.stringify(text)} for ${label} flag: strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  }
  if (flag.type === 'int') {
    if (!/^[+-]?\d+$/.test(text)) {
      throw usage(
        `invalid argument ${JSON.stringify(text)} for ${label} flag: strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`,
      );
    }
    return Number(text);
  }
  return text;
}

/**
 * Parses `argv` by the grammar of pflag, the one docker uses: `--name value`, `--name=value`, `-n value`, `-nvalue`,
 * `-n=value`, grouped shorthands (`-itp 80:80`), `-d=false`, and `--` as the end of flags. With `stopAtFirstArg` flags end at
 * the first word that is none (docker run, docker exec).
 * @throws invalid-parameter `bad-flag` in pflag's words
 */
export function parseFlags<T extends FlagTable>(
  table: T,
  argv: readonly string[],
  options: { stopAtFirstArg?: boolean } = {},
): ParsedFlags<T> {
  const values: Record<string, Raw | undefined> = Object.create(null);
  const shorts = new Map<string, string>();
  for (const [name, flag] of Object.entries(table)) {
    values[name] = flag.default ?? (flag.type === 'bool' ? false : flag.type === 'list' ? [] : undefined);
    if (flag.short !== undefined) shorts.set(flag.short, name);
  }
  const given = new Set<string>();
  const args: string[] = [];
  const words = [...argv];

  const set = (name: string, flag: Flag, label: string, text: string): void => {
    const value = convert(flag, label, text);
    try {
      flag.check?.(text);
    } catch (error) {
      throw usage(`invalid argument ${JSON.stringify(text)} for ${label} flag: ${messageOf(error)}`);
    }
    if (flag.type === 'list') values[name] = given.has(name) ? [...(values[name] as string[]), text] : [text];
    else values[name] = value;
    given.add(name);
  };

  const long = (word: string): void => {
    const equals = word.indexOf('=');
    const name = word.slice(2, equals < 0 ? undefined : equals);
    if (name === '' || name.startsWith('-')) throw usage(`bad flag syntax: ${word}`);
    const flag = Object.hasOwn(table, name) ? table[name] : undefined;
    if (flag === undefined) throw usage(`unknown flag: --${name}`);
    const label = flag.short === undefined ? `"--${name}"` : `"-${flag.short}, --${name}"`;
    if (equals >= 0) return set(name, flag, label, word.slice(equals + 1));
    if (flag.type === 'bool') return set(name, flag, label, 'true');
    const value = words.shift();
    if (value === undefined) throw usage(`flag needs an argument: --${name}`);
    set(name, flag, label, value);
  };

  const group = (word: string): void => {
    for (let rest = word.slice(1); rest !== ''; ) {
      const letter = rest[0] ?? '';
      const name = shorts.get(letter);
      const flag = name === undefined ? undefined : table[name];
      if (name === undefined || flag === undefined) throw usage(`unknown shorthand flag: '${letter}' in -${rest}`);
      const label = `"-${letter}, --${name}"`;
      if (rest[1] === '=') return set(name, flag, label, rest.slice(2));
      if (flag.type === 'bool') {
        set(name, flag, label, 'true');
        rest = rest.slice(1);
        continue;
      }
      if (rest.length > 1) return set(name, flag, label, rest.slice(1));
      const value = words.shift();
      if (value === undefined) throw usage(`flag needs an argument: '${letter}' in -${rest}`);
      return set(name, flag, label, value);
    }
  };

  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '--') {
      args.push(...words);
      break;
    }
    if (word.startsWith('--')) long(word);
    else if (word.startsWith('-') && word !== '-') group(word);
    else {
      args.push(word);
      if (options.stopAtFirstArg) {
        args.push(...words);
        break;
      }
    }
  }
  return { flags: values as FlagValues<T>, given, args };
}

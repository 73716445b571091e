import { dockerfileError, unknownWord } from '../errors.ts';

export type FlagType = 'bool' | 'string' | 'strings';

/** The flags of one instruction as given; `undefined` means not given. */
export class Flags {
  /** Names of the flags that were given, in order, each once. */
  readonly names: string[] = [];
  private readonly values = new Map<string, string[]>();

  constructor(given: readonly string[], known: Readonly<Record<string, FlagType>>) {
    for (const flag of given) this.add(flag, known);
  }

  string(name: string): string | undefined {
    return this.values.get(name)?.[0];
  }

  strings(name: string): string[] {
    return this.values.get(name) ?? [];
  }

  bool(name: string): boolean | undefined {
    const value = this.string(name);
    return value === undefined ? undefined : value === 'true';
  }

  private add(flag: string, known: Readonly<Record<string, FlagType>>): void {
    const equals = flag.indexOf('=');
    const written = equals === -1 ? flag : flag.slice(0, equals);
    const value = equals === -1 ? undefined : flag.slice(equals + 1);
    const name = written.slice(2);
    const type = Object.hasOwn(known, name) ? known[name] : undefined;
    if (type === undefined) throw unknownWord(`unknown flag: ${written}`, name, Object.keys(known));
    const earlier = this.values.get(name);
    if (earlier !== undefined && type !== 'strings') throw dockerfileError(`duplicate flag specified: ${written}`);
    const parsed = type === 'bool' ? parseBool(written, value) : value;
    if (parsed === undefined) throw dockerfileError(`missing a value on flag: ${written}`);
    if (earlier === undefined) {
      this.names.push(name);
      this.values.set(name, [parsed]);
    } else earlier.push(parsed);
  }
}

function parseBool(written: string, value: string | undefined): 'true' | 'false' | undefined {
  if (value === '') return undefined;
  const word = (value ?? 'true').toLowerCase();
  if (word === 'true' || word === 'false') return word;
  throw dockerfileError(`expecting boolean value for flag ${written}, not: ${value}`);
}

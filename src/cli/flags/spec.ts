/** How a flag's text becomes a value. `bool` takes none (or `=true|false`); `list` may be given several times. */
export type FlagType = 'bool' | 'string' | 'int' | 'list';

export interface Flag {
  type: FlagType;
  short?: string;
  /** What `--help` shows behind the name; a list or string shows its kind by default. */
  placeholder?: string;
  description: string;
  default?: boolean | string | number;
  /** Refuses a value while the command line is read: what it throws is the reason shown. */
  check?: (text: string) => unknown;
  /** Not shown in `--help`. */
  isHidden?: boolean;
}

export type FlagTable = Record<string, Flag>;

type ValueOf<F extends Flag> = F['type'] extends 'bool'
  ? boolean
  : F['type'] extends 'list'
    ? string[]
    : F['type'] extends 'int'
      ? number
      : string;

/** The values of a table: what was given, else the default; undefined where there is neither (lists are empty, bools false). */
export type FlagValues<T extends FlagTable> = {
  [K in keyof T]: T[K]['type'] extends 'bool' | 'list'
    ? ValueOf<T[K]>
    : T[K] extends { default: string | number }
      ? ValueOf<T[K]>
      : ValueOf<T[K]> | undefined;
};

/** Identity that keeps the literal types of a table. */
export const flagTable = <const T extends FlagTable>(table: T): T => table;

import type { Client } from '../client/index.ts';
import type { FlagTable, FlagValues } from './flags/spec.ts';

/** What a command works with. Everything it says goes through these streams, so that tests can hold them. */
export interface Context {
  /** The engine: connected, and started if it is our own and nobody answers. */
  client(): Promise<Client>;
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  env: NodeJS.ProcessEnv;
  /** The program's name as the user typed it, for messages. */
  program: string;
}

/** Exactly `count`, at least `min`, or between: what cobra's argument validators say. */
export interface Arity {
  min: number;
  max: number;
}

export interface Command<T extends FlagTable = FlagTable> {
  /** As help and errors show it: `berth container run`. */
  names: readonly string[];
  summary: string;
  /** Behind the names in the usage line: `[OPTIONS] IMAGE [COMMAND] [ARG...]`. */
  usage: string;
  arity: Arity;
  flags: T;
  /** Flags end at the first argument: the rest belongs to the container's command. */
  stopAtFirstArg?: boolean;
  /** One or two lines each, shown by `--help`: what a person would type. */
  examples?: readonly string[];
  /** Exit code of an engine error; 125 for run, 1 for others. */
  failureCode?: number;
  run(context: Context, flags: FlagValues<T>, args: string[], given: ReadonlySet<string>): Promise<number | undefined>;
}

/** Identity that keeps the flag table's literal types inside `run`. */
export const defineCommand = <const T extends FlagTable>(command: Command<T>): Command => command as unknown as Command;

export const exactly = (count: number): Arity => ({ min: count, max: count });
export const atLeast = (count: number): Arity => ({ min: count, max: Number.POSITIVE_INFINITY });
export const between = (min: number, max: number): Arity => ({ min, max });

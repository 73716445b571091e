import { expandWord } from '../../dockerfile/index.ts';
import type { Expanded, StageScope } from '../stage-scope.ts';

/** Each gets its value: the build argument, else the default, else what the global scope has under that name. */
export function lowerArg(instruction: Expanded<'arg'>, scope: StageScope): Expanded<'arg'> {
  const { build } = scope;
  const env = new Map(scope.env);
  const options = { lookup: (name: string): string | undefined => env.get(name), escapeToken: build.escapeToken };
  const args = instruction.args.map(({ key, value: written }) => {
    build.consumed.add(key);
    const fallback = written === undefined ? build.globals.get(key) : expandWord(written, options);
    const value = build.buildArgs.get(key) ?? fallback;
    if (value === undefined) return { key };
    scope.env.set(key, value);
    scope.args.set(key, value);
    return { key, value };
  });
  return { ...instruction, args };
}

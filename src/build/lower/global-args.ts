import { type DockerfileProgram, expandWord } from '../dockerfile/index.ts';

/** Values of the ARGs before the first FROM, on top of the automatic platform ARGs, in order. */
export function globalArgs(
  program: DockerfileProgram,
  buildArgs: ReadonlyMap<string, string>,
  automatic: ReadonlyMap<string, string>,
  consumed: Set<string>,
): Map<string, string> {
  const values = new Map(automatic);
  for (const instruction of program.metaArgs) {
    for (const arg of instruction.args) {
      consumed.add(arg.key);
      const given = buildArgs.get(arg.key);
      if (given !== undefined) values.set(arg.key, given);
      else if (arg.value !== undefined) {
        const lookup = (name: string): string | undefined => values.get(name);
        values.set(arg.key, expandWord(arg.value, { lookup, escapeToken: program.escapeToken }));
      }
    }
  }
  return values;
}

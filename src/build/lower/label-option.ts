import type { Instruction, Range } from '../dockerfile/index.ts';

/** `--label`: one LABEL step each, after the target's own, as the classic builder does. */
export function labelInstructions(labels: Record<string, string>, range: Range): Instruction[] {
  return Object.keys(labels)
    .toSorted()
    .map((key) => ({
      kind: 'label',
      pairs: [{ key: literal(key), value: literal(labels[key] ?? '') }],
      original: `LABEL ${key}=${labels[key]}`,
      range,
      flagNames: [],
    }));
}

/** Quoted, so that expansion leaves it as it is. */
const literal = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

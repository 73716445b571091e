import { definitionOf, hashOf, type Op } from '../graph/vertex.ts';

/**
 * The keys of a step, cheapest first.
 *
 * - instruction key: the op alone (and SOURCE_DATE_EPOCH, which changes the bytes of layers).
 * - definition key: op + definition keys of all inputs + content of the build context it reads. Known before anything
 *   runs; tells whether an earlier stage is needed at all.
 * - step key: op + the snapshot it stands on + the content it copies. What records are stored under: it hits as well
 *   when an input was made in another way but came out the same.
 */
export type ContentSource = readonly [path: string, hash: string];

export function instructionKey(op: Op, sourceDateEpoch: number | undefined): string {
  return hashOf(definitionOf(op), `${sourceDateEpoch ?? ''}`);
}

export function definitionKey(
  instruction: string,
  inputs: readonly string[],
  sources: readonly ContentSource[],
): string {
  return hashOf('definition', instruction, ...inputs, ...sources.flat());
}

export function stepKey(instruction: string, parent: string, sources: readonly ContentSource[]): string {
  return hashOf('step', instruction, parent, ...sources.flat());
}

export function configKey(previousId: string, createdBy: string): string {
  return hashOf('config', previousId, createdBy);
}

import { type EngineError, invalidParameter, isEngineError } from '../../errors/index.ts';
import type { Range } from './contract.ts';
import { suggest } from './instructions/suggest.ts';

export interface ErrorPlace {
  range?: Range;
  suggestion?: string;
}

/** An error of the Dockerfile's author; `message` is Docker's text, without the place. */
export function dockerfileError(message: string, place: ErrorPlace = {}): EngineError {
  return invalidParameter('dockerfile-invalid', message, { detail: { ...place } });
}

/** The same for a word that is none of `options`; names the one that was probably meant. */
export function unknownWord(
  message: string,
  word: string,
  options: readonly string[],
  caseSensitive = true,
): EngineError {
  const suggestion = suggest(word, options, caseSensitive);
  if (suggestion === undefined) return dockerfileError(message);
  return dockerfileError(`${message} (did you mean ${suggestion}?)`, { suggestion });
}

/** Runs `work`; an error of the author without a place gets `range`, and `prefix` before its text. */
export function withRange<T>(range: Range, work: () => T, prefix = ''): T {
  try {
    return work();
  } catch (error) {
    if (!isEngineError(error, 'invalid-parameter') || error.detail['range'] !== undefined) throw error;
    throw invalidParameter(error.code, prefix + error.message, { detail: { ...error.detail, range }, cause: error });
  }
}

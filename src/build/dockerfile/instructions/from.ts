import type { Stage } from '../contract.ts';
import { dockerfileError } from '../errors.ts';
import { quote } from '../parser/quote.ts';
import { Flags } from './flags.ts';
import type { Request } from './request.ts';

export function readFrom(request: Request, index: number): Stage {
  const name = readStageName(request.args);
  const platform = new Flags(request.flags, { platform: 'string' }).string('platform');
  return {
    index,
    ...(name === undefined ? {} : { name }),
    baseName: request.args[0] ?? '',
    ...(platform ? { platform } : {}),
    range: request.range,
    original: request.original,
    instructions: [],
  };
}

/** Stage names have no case: they are kept in lower case. */
function readStageName(args: readonly string[]): string | undefined {
  const [, as, written] = args;
  if (args.length === 3 && as?.toLowerCase() === 'as' && written !== undefined) {
    const name = written.toLowerCase();
    if (/^[a-z][a-z0-9-_.]*$/.test(name)) return name;
    throw dockerfileError(
      `invalid name for build stage: ${quote(written)}, name can't start with a number or contain symbols`,
    );
  }
  if (args.length !== 1) throw dockerfileError('FROM requires either one or three arguments');
  return undefined;
}

/**
 * The stage a name means, of those before `before`: a name without case (the latest of its name: a duplicate hides the earlier
 * one), or an index. A name wins over an index.
 */
export function findStage(stages: readonly Stage[], name: string, before = stages.length): Stage | undefined {
  const earlier = stages.slice(0, before);
  const wanted = name.toLowerCase();
  const named = earlier.findLast((stage) => stage.name === wanted);
  if (named !== undefined) return named;
  return /^\d{1,6}$/.test(name) ? earlier[Number(name)] : undefined;
}

import { isEngineError } from '../../errors/index.ts';
import type { Context } from '../command.ts';
import { describeError, ExitError } from '../exit-code.ts';

/**
 * Does `act` for every name, as docker's many-argument commands do: each success prints its line, each failure its own on
 * stderr, and any of them makes the exit code 1 (with `ignoresMissing`, as for `--force`, what is not there is no failure).
 */
export async function forEachName(
  context: Context,
  names: readonly string[],
  act: (name: string) => Promise<string | undefined>,
  options: { summary?: (failed: string[]) => string; ignoresMissing?: boolean } = {},
): Promise<number> {
  const results = await Promise.allSettled(names.map((name) => act(name)));
  const failed: string[] = [];
  let isFailure = false;
  for (const [i, result] of results.entries()) {
    if (result.status === 'fulfilled') {
      if (result.value !== undefined) context.stdout.write(`${result.value}\n`);
      continue;
    }
    failed.push(names[i] ?? '');
    context.stderr.write(`${describeError(result.reason)}\n`);
    isFailure ||= !(options.ignoresMissing && isEngineError(result.reason, 'not-found'));
  }
  if (!isFailure) return 0;
  throw new ExitError(1, options.summary?.(failed) ?? '');
}

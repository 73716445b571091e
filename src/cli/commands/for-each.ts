import type { Context } from '../command.ts';
import { describeError, ExitError } from '../exit-code.ts';

/**
 * Does `act` for every name, as docker's many-argument commands do: each success prints its line, failures are told at
 * the end, and any of them makes the exit code 1.
 */
export async function forEachName(
  context: Context,
  names: readonly string[],
  act: (name: string) => Promise<string | undefined>,
): Promise<number> {
  const failures: string[] = [];
  const results = await Promise.allSettled(names.map((name) => act(name)));
  for (const result of results) {
    if (result.status === 'rejected') failures.push(describeError(result.reason));
    else if (result.value !== undefined) context.stdout.write(`${result.value}\n`);
  }
  if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
  return 0;
}

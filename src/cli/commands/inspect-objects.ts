import { isEngineError } from '../../errors/index.ts';
import type { Context } from '../command.ts';
import { ExitError } from '../exit-code.ts';
import { compileTemplate } from '../format/template/execute.ts';
import { toJson } from '../format/template/functions.ts';

const indented = (value: unknown): string =>
  JSON.stringify(value, null, 4).replace(/[<>&]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Inspects every name: one JSON array, or a line each with `--format`. What is found is printed even when something else
 * is missing; then the exit code is 1.
 */
export async function inspectObjects(
  context: Context,
  names: readonly string[],
  format: string | undefined,
  find: (name: string) => Promise<unknown>,
): Promise<number> {
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      if (!isEngineError(error, 'not-found')) throw error;
      failures.push(`Error: ${error.message}`);
    }
  }
  if (!format) context.stdout.write(found.length === 0 ? '[]\n' : `${indented(found)}\n`);
  else {
    const render = format === 'json' ? toJson : compileTemplate(format);
    for (const one of found) context.stdout.write(`${render(one)}\n`);
  }
  if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
  return 0;
}

import type { Context } from '../command.ts';
import { describeError, ExitError } from '../exit-code.ts';
import { compileTemplate } from '../format/template/execute.ts';
import { toJson } from '../format/template/functions.ts';

/** Fields that hold maps of any keys: a key that is not there is no mistake, and null is an empty map. */
const MAPS = new Set(
  `Annotations AuxiliaryAddresses AuxAddress Config.Config Containers Data DriverOpts ExposedPorts Labels Networks Options
  PortBindings Ports Status StorageOpt Sysctls Tmpfs Volumes`.split(/\s+/),
);
/** Fields that Go holds by pointer. */
const POINTERS = new Set(
  'Descriptor Health Healthcheck IPAMConfig Init MemorySwappiness OomKillDisable PidsLimit StopTimeout UsageData'.split(
    ' ',
  ),
);

const nilText = (field: string): string => (MAPS.has(field) ? 'map[]' : POINTERS.has(field) ? '<nil>' : '[]');

/** Compiles a template for an object as the daemon sent it. */
export const compileInspect = (format: string): ((data: unknown) => string) => {
  const render = compileTemplate(format, { missing: 'error', maps: MAPS, nilText });
  return (data) => render(withoutPointers(data));
};

/** `omitempty` pointers are absent in JSON, and still print `<nil>`. */
function withoutPointers(data: unknown): unknown {
  const state = (data as { State?: object } | null)?.State;
  if (state === null || typeof state !== 'object' || 'Health' in state) return data;
  return { ...(data as object), State: Object.defineProperty({ ...state }, 'Health', { value: null }) };
}

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
  const render = format && format !== 'json' ? compileFormat(format) : undefined;
  const found: unknown[] = [];
  const failures: string[] = [];
  for (const name of names) {
    try {
      found.push(await find(name));
    } catch (error) {
      failures.push(describeError(error));
    }
  }
  try {
    if (render !== undefined) for (const one of found) context.stdout.write(`${render(one)}\n`);
    else if (format === 'json') context.stdout.write(`${toJson(found)}\n`);
    else context.stdout.write(found.length === 0 ? '[]\n' : `${indented(found)}\n`);
  } catch (error) {
    context.stdout.write('\n');
    throw error;
  }
  if (failures.length > 0) throw new ExitError(1, failures.join('\n'));
  return 0;
}

/** A template that is none is a mistake of the command line: 64, as docker has it. */
function compileFormat(format: string): (data: unknown) => string {
  try {
    return compileInspect(format);
  } catch (error) {
    throw new ExitError(64, describeError(error));
  }
}

const indented = (value: unknown): string =>
  JSON.stringify(JSON.parse(toJson(value), exact), null, 4).replace(
    /[\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16)}`,
  );

/** Keeps numbers as they were written. */
function exact(_: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(context.source);
}

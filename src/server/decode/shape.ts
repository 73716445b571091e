import { invalidParameter } from '../../errors/index.ts';
import { JsonNumber } from './json-text.ts';

/**
 * Decodes one JSON value as Go's decoder fills a field of this type: keys match in any case, unknown ones are dropped,
 * null leaves the field out, and a wrong type is refused in Go's words. `path` is where the value stands.
 */
export type Shape<T = unknown> = (value: unknown, path: string) => T | undefined;

type Decoded<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = (value, path) => {
  if (value === null) return undefined;
  if (typeof value !== 'string') throw mismatch(value, path, 'string');
  return value;
};

export const flag: Shape<boolean> = (value, path) => {
  if (value === null) return undefined;
  if (typeof value !== 'boolean') throw mismatch(value, path, 'bool');
  return value;
};

/** A whole number between the bounds of its Go type; what a double cannot hold exactly is refused, never rounded. */
function whole(goType: string, min: bigint, max: bigint): Shape<number> {
  return (value, path) => {
    if (value === null) return undefined;
    if (!(value instanceof JsonNumber)) throw mismatch(value, path, goType);
    if (!/^-?\d+$/.test(value.source)) throw mismatch(value, path, goType, value.source);
    const exact = BigInt(value.source);
    if (exact < min || exact > max) throw mismatch(value, path, goType, value.source);
    const number = Number(exact);
    if (Number.isSafeInteger(number)) return number;
    const name = path.slice(path.indexOf('.') + 1);
    throw invalidParameter('number-too-large', `${name}: ${value.source} is beyond what Berth keeps exactly (±2^53)`);
  };
}
export const int64 = whole('int64', -(2n ** 63n), 2n ** 63n - 1n);
export const int = whole('int', -(2n ** 63n), 2n ** 63n - 1n);
export const uint = whole('uint', 0n, 2n ** 64n - 1n);
export const uint16 = whole('uint16', 0n, 2n ** 16n - 1n);
export const uint64 = whole('uint64', 0n, 2n ** 64n - 1n);

/** Anything: its own shape is checked by whoever reads it. */
export const anything: Shape<unknown> = (value) => plain(value);

export function list<T>(item: Shape<T>, zero: T, goType = '[]string'): Shape<T[]> {
  return (value, path) => {
    if (value === null) return undefined;
    if (!Array.isArray(value)) throw mismatch(value, path, goType);
    return value.map((each, index) => item(each, `${path}.${index}`) ?? zero);
  };
}
export const texts = list(text, '');

/** A list of words, or one word alone (Cmd, Entrypoint). */
export const words: Shape<string[]> = (value, path) => {
  if (typeof value === 'string') return [value];
  return list(text, '', 'strslice.StrSlice')(value, path);
};

/** A map with the user's own keys: without a prototype, so that no key means anything to us. */
export function map<T>(item: Shape<T>, zero: T, goType = 'map[string]string'): Shape<Record<string, T>> {
  return (value, path) => {
    if (value === null) return undefined;
    if (!isObject(value)) throw mismatch(value, path, goType);
    const out: Record<string, T> = Object.create(null);
    for (const [key, each] of Object.entries(value)) out[key] = item(each, path) ?? zero;
    return out;
  };
}
export const textMap = map(text, '');

/** A struct. `goType` names it when something else stands in its place. */
export function struct<F extends Record<string, Shape>>(
  goType: string,
  fields: F,
): Shape<{ [K in keyof F]?: Decoded<F[K]> }> {
  const byLowerCase = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
  return (value, path) => {
    if (value === null) return undefined;
    if (!isObject(value)) throw mismatch(value, path, goType);
    const out: Record<string, unknown> = {};
    for (const [key, each] of Object.entries(value)) {
      const name = byLowerCase.get(key.toLowerCase());
      const shape = name === undefined ? undefined : fields[name];
      if (name === undefined || shape === undefined) continue;
      const decoded = shape(each, `${path}.${name}`);
      if (decoded !== undefined) out[name] = decoded;
    }
    return out as { [K in keyof F]?: Decoded<F[K]> };
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber);
}

function plain(value: unknown): unknown {
  if (value instanceof JsonNumber) return Number(value.source);
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = Object.create(null);
  for (const [key, each] of Object.entries(value)) out[key] = plain(each);
  return out;
}

function mismatch(value: unknown, path: string, goType: string, literal?: string): Error {
  const kind = value instanceof JsonNumber ? 'number' : Array.isArray(value) ? 'array' : jsonKind(value);
  const what = literal === undefined ? kind : `number ${literal}`;
  const where = path.includes('.') ? `Go struct field ${path} of type ${goType}` : `Go value of type ${goType}`;
  return invalidParameter('invalid-json', `invalid JSON: json: cannot unmarshal ${what} into ${where}`);
}

function jsonKind(value: unknown): string {
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

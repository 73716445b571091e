import { invalidParameter } from '../../../errors/index.ts';
import { formatPrintf } from './printf.ts';
import { formatValue, isTruthy, TypedNil } from './value.ts';

export type TemplateFunction = (...args: unknown[]) => unknown;

/** What a function has against its arguments; the engine adds the place. */
const execError = (message: string): Error => invalidParameter('template-call', message);

function lengthOf(value: unknown): number {
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof TypedNil) return 0;
  if (Array.isArray(value)) return value.length;
  if (value !== null && typeof value === 'object') return Object.keys(value).length;
  throw execError('len of nil pointer');
}

function indexInto(value: unknown, ...keys: unknown[]): unknown {
  return keys.reduce((current, key) => {
    if (Array.isArray(current)) {
      const position = Number(key);
      if (!(position >= 0 && position < current.length)) throw execError(`index out of range: ${formatValue(key)}`);
      return current[position];
    }
    if (current instanceof TypedNil) {
      if (current.text === '[]') throw execError(`index out of range: ${formatValue(key)}`);
      return '';
    }
    if (current === null || current === undefined) throw execError('index of untyped nil');
    const object = current as Record<string, unknown>;
    return Object.hasOwn(object, String(key)) ? object[String(key)] : '';
  }, value);
}

const compare = (a: unknown, b: unknown): number => {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  throw execError('incompatible types for comparison');
};

const text = (value: unknown): string => formatValue(value);

/** JSON in the order the daemon sent it (that of its structs), with integers that a double cannot hold as they came. */
export const toJson = (value: unknown): string =>
  JSON.stringify(value ?? null, (_, one: unknown) =>
    typeof one === 'bigint' ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(one)) : one,
  ).replace(/[\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`);

/** The same with <, > and & escaped: how Go writes the rows of lists. */
export const toEscapedJson = (value: unknown): string =>
  toJson(value).replace(/[<>&]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);

const HTML: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', "'": '&#39;', '"': '&#34;' };

/** Go's built-in functions, and docker's: json split join title lower upper pad truncate println table. */
export const templateFunctions: Record<string, TemplateFunction> = Object.assign(Object.create(null), {
  and: (...args: unknown[]) => args.find((one) => !isTruthy(one)) ?? args.at(-1),
  or: (...args: unknown[]) => args.find(isTruthy) ?? args.at(-1),
  not: (one: unknown) => !isTruthy(one),
  len: lengthOf,
  index: indexInto,
  slice: (value: unknown, from = 0, to?: unknown) =>
    (value as string | unknown[]).slice(Number(from), to === undefined ? undefined : Number(to)),
  eq: (first: unknown, ...others: unknown[]) => others.some((one) => first === one),
  ne: (a: unknown, b: unknown) => a !== b,
  lt: (a: unknown, b: unknown) => compare(a, b) < 0,
  le: (a: unknown, b: unknown) => compare(a, b) <= 0,
  gt: (a: unknown, b: unknown) => compare(a, b) > 0,
  ge: (a: unknown, b: unknown) => compare(a, b) >= 0,
  print: (...args: unknown[]) =>
    args.reduce<string>(
      (out, one, i) =>
        out + (i > 0 && typeof one !== 'string' && typeof args[i - 1] !== 'string' ? ' ' : '') + text(one),
      '',
    ),
  println: (...args: unknown[]) => `${args.map(text).join(' ')}\n`,
  printf: (format: unknown, ...args: unknown[]) => formatPrintf(String(format), args),
  html: (one: unknown) => text(one).replace(/[&<>"']/g, (c) => HTML[c] ?? c),
  urlquery: (one: unknown) => encodeURIComponent(text(one)).replaceAll('%20', '+'),
  json: toJson,
  split: (one: unknown, by: unknown) => text(one).split(String(by)),
  join: (list: unknown, by: unknown) => (Array.isArray(list) ? list : []).map(text).join(String(by)),
  title: (one: unknown) =>
    text(one).replace(/(^|\s)(\S)/g, (_, space: string, letter: string) => space + letter.toUpperCase()),
  lower: (one: unknown) => text(one).toLowerCase(),
  upper: (one: unknown) => text(one).toUpperCase(),
  pad: (one: unknown, before: unknown, after: unknown) =>
    text(one) === '' ? '' : ' '.repeat(Number(before)) + text(one) + ' '.repeat(Number(after)),
  truncate: (one: unknown, length: unknown) => text(one).slice(0, Number(length)),
} satisfies Record<string, TemplateFunction>);

import type { RunMount } from '../contract.ts';
import { dockerfileError, unknownWord } from '../errors.ts';
import { quote } from '../parser/quote.ts';
import { splitCsv } from './csv.ts';

/** Written key → the key of `RunMount.options`. */
const keys: Readonly<Record<string, string>> = {
  type: 'type',
  from: 'from',
  source: 'source',
  target: 'target',
  readonly: 'readonly',
  id: 'id',
  sharing: 'sharing',
  required: 'required',
  size: 'size',
  mode: 'mode',
  uid: 'uid',
  gid: 'gid',
  src: 'source',
  dst: 'target',
  destination: 'target',
  ro: 'readonly',
  rw: 'readwrite',
  readwrite: 'readwrite',
  env: 'env',
};

const types: readonly RunMount['type'][] = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'];
const sharings = ['shared', 'private', 'locked'];
const truths = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const falsehoods = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

interface Draft {
  type: RunMount['type'];
  options: Record<string, string>;
}

/**
 * The value of one `--mount` flag. Options carry their long names and plain values (`readonly` is always 'true' or 'false');
 * defaults that depend on the type are filled in by the reader of the mount. `expand` replaces variables in values.
 */
export function parseMount(value: string, expand: (word: string) => string = (word) => word): RunMount {
  const draft: Draft = { type: 'bind', options: {} };
  for (const field of splitCsv(value, 'mounts')) addField(draft, field, expand);
  return check(draft);
}

/** Must the mount be read again once variables have values? */
export function mountHasVariables(value: string): boolean {
  return value.includes('$');
}

/** What is checked even before variables have values: `from` names a stage, and stages are known before any step runs. */
export function checkMountFrom(value: string): void {
  for (const field of splitCsv(value, 'mounts')) {
    if (!/^from=/i.test(field)) continue;
    const dollar = field.indexOf('$');
    if (dollar !== -1 && dollar !== field.length - 1) {
      throw dockerfileError("'from' doesn't support variable expansion, define alias stage instead");
    }
  }
}

function addField(draft: Draft, field: string, expand: (word: string) => string): void {
  const equals = field.indexOf('=');
  const written = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
  const key = Object.hasOwn(keys, written) ? (keys[written] ?? '') : '';
  if (equals === -1) {
    if (key === 'required') requireType(draft, written, ['secret', 'ssh']);
    else if (key !== 'readonly' && key !== 'readwrite') {
      throw dockerfileError(`invalid field '${field}' must be a key=value pair`);
    }
  } else if (key === '') {
    throw unknownWord(`unexpected key '${written}' in '${field}'`, written, Object.keys(keys));
  }
  const value = equals === -1 ? 'true' : expand(field.slice(equals + 1));
  set(draft, key, written, value);
}

function set(draft: Draft, key: string, written: string, value: string): void {
  const { options } = draft;
  switch (key) {
    case 'type':
      draft.type = parseType(value);
      return;
    case 'readonly':
      options['readonly'] = String(parseBool(written, value));
      return;
    case 'readwrite':
      options['readonly'] = String(!parseBool(written, value));
      return;
    case 'required':
      requireType(draft, written, ['secret', 'ssh']);
      options['required'] = String(parseBool(written, value));
      return;
    case 'size':
      requireType(draft, written, ['tmpfs']);
      options['size'] = String(parseSize(written, value));
      return;
    case 'sharing':
      options['sharing'] = parseSharing(value);
      return;
    case 'mode':
      options['mode'] = parseNumber(value, 8, key);
      return;
    case 'uid':
    case 'gid':
      options[key] = parseNumber(value, 10, key);
      return;
    default:
      options[key] = value;
  }
}

function check({ type, options }: Draft): RunMount {
  const hasOwner = type === 'secret' || type === 'ssh' || type === 'cache';
  for (const key of ['mode', 'uid', 'gid']) {
    if (!hasOwner && options[key] !== undefined)
      throw dockerfileError(`${key} not allowed for ${quote(type)} type mounts`);
  }
  if (type === 'secret') checkSecret(options);
  if (options['sharing'] !== undefined && type !== 'cache') {
    throw dockerfileError(`invalid cache sharing set for ${type} mount`);
  }
  return { type, options };
}

function checkSecret(options: Record<string, string>): void {
  if (options['from']) throw dockerfileError('secret mount should not have a from');
  if (options['sharing']) throw dockerfileError('secret mount should not define sharing');
  if (!options['source'] && !options['target'] && !options['id']) {
    throw dockerfileError('invalid secret mount. one of source, target required');
  }
  if (options['source'] && options['id']) throw dockerfileError("both source and id can't be set");
}

function parseType(value: string): RunMount['type'] {
  const type = types.find((known) => known === value.toLowerCase());
  if (type === undefined) throw unknownWord(`unsupported mount type ${quote(value)}`, value, types);
  return type;
}

function parseSharing(value: string): string {
  const sharing = value.toLowerCase();
  if (!sharings.includes(sharing)) throw unknownWord(`unsupported sharing value ${quote(value)}`, value, sharings);
  return sharing;
}

function requireType(draft: Draft, key: string, allowed: readonly RunMount['type'][]): void {
  if (!allowed.includes(draft.type)) throw dockerfileError(`unexpected key '${key}' for mount type '${draft.type}'`);
}

function parseBool(key: string, value: string): boolean {
  if (truths.includes(value)) return true;
  if (falsehoods.includes(value)) return false;
  throw dockerfileError(`invalid value for ${key}: ${value}`);
}

function parseNumber(value: string, radix: 8 | 10, key: string): string {
  const isNumber = radix === 8 ? /^[0-7]{1,12}$/.test(value) : /^\d{1,12}$/.test(value);
  if (!isNumber || Number.parseInt(value, radix) > 0xffffffff)
    throw dockerfileError(`invalid value ${value} for ${key}`);
  return value;
}

/** Bytes, with a binary unit (`64m`, `1.5GiB`). */
function parseSize(key: string, value: string): number {
  const match = /^(\d+(?:\.\d*)?|\.\d+) ?([kmgtp]?)(?:i?b)?$/i.exec(value);
  const power = ['', 'k', 'm', 'g', 't', 'p'].indexOf(match?.[2]?.toLowerCase() ?? '-');
  if (match === null || power === -1) throw dockerfileError(`invalid value for ${key}: ${value}`);
  return Math.trunc(Number(match[1]) * 1024 ** power);
}

import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export interface ErrorCode {
  code: string;
  /** Rooms that raise it. */
  rooms: string[];
  kinds: string[];
  /** The first message it is raised with, `…` where a value stands; empty when it is put together elsewhere. */
  text: string;
}

const root = resolve(import.meta.dirname, '../..');

const MAKERS: Record<string, string> = {
  invalidParameter: 'invalid-parameter',
  unauthorized: 'unauthorized',
  forbidden: 'forbidden',
  notFound: 'not-found',
  conflict: 'conflict',
  notImplemented: 'not-implemented',
  unavailable: 'unavailable',
  cancelled: 'cancelled',
  noSpace: 'no-space',
  systemError: 'system',
};
const LITERAL = '`(?:[^`\\\\]|\\\\.)*`|\'(?:[^\'\\\\]|\\\\.)*\'|"(?:[^"\\\\]|\\\\.)*"';
const CODE = "'([a-z0-9]+(?:-[a-z0-9]+)*)'";

/** Functions of a file that take a code and make an error of it: their name and the kind. */
function* helpersOf(source: string): Generator<[name: string, kind: string]> {
  yield* Object.entries(MAKERS);
  for (const [, name = '', body = ''] of source.matchAll(
    /(?:const|function) (\w+)(?: = )?\(code: string[^)]*\)(?:: \w+)?(?: =>)?([^;]*);/g,
  )) {
    const maker = Object.keys(MAKERS).find((one) => body.includes(`${one}(`));
    if (maker !== undefined) yield [name, MAKERS[maker] ?? 'system'];
  }
}

const textOf = (literal: string | undefined): string =>
  literal === undefined
    ? ''
    : literal
        .slice(1, -1)
        .replace(/\$\{(?:[^{}]|\{[^{}]*\})*\}/g, '…')
        .replace(/\\(['"`])/g, '$1')
        .replace(/\s+/g, ' ')
        .trim();

/** Every error code that the sources raise, by reading them. */
export function collectErrorCodes(): ErrorCode[] {
  const found = new Map<string, ErrorCode>();
  const add = (code: string, kind: string, room: string, text: string): void => {
    const entry = found.get(code) ?? { code, rooms: [], kinds: [], text: '' };
    if (!entry.rooms.includes(room)) entry.rooms.push(room);
    if (!entry.kinds.includes(kind)) entry.kinds.push(kind);
    entry.text ||= text;
    found.set(code, entry);
  };
  for (const file of globSync('src/**/*.ts', { cwd: root }).sort()) {
    if (/\.(test|suite|support|fixture)\.ts$|\/testing\//.test(file)) continue;
    const source = readFileSync(join(root, file), 'utf8');
    const room = file.split('/')[1] ?? '';
    for (const [name, kind] of helpersOf(source)) {
      const calls = new RegExp(`\\b${name}\\(\\s*${CODE},?\\s*(${LITERAL})?`, 'g');
      for (const [, code = '', literal] of source.matchAll(calls)) add(code, kind, room, textOf(literal));
    }
    const made = new RegExp(`new EngineError\\(\\s*'([a-z-]+)',\\s*(${LITERAL})?[^;]*?code: ${CODE}`, 'g');
    for (const [, kind = '', literal, code = ''] of source.matchAll(made)) add(code, kind, room, textOf(literal));
  }
  return [...found.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
}

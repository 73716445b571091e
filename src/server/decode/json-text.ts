import { invalidParameter, messageOf } from '../../errors/index.ts';
import { explainJson } from './json-syntax.ts';

/** A number as it was written: int64 fields must not lose digits on their way through a double. */
export class JsonNumber {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

type Reviver = (key: string, value: unknown, context: { source?: string }) => unknown;
const keepDigits: Reviver = (_key, value, context) =>
  typeof value === 'number' ? new JsonNumber(context.source ?? String(value)) : value;

/** Parses exactly one JSON value, numbers as `JsonNumber`. @throws invalid-parameter with dockerd's texts */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown);
  } catch (error) {
    const why = error instanceof RangeError ? 'invalid JSON: exceeded max depth' : explain(text);
    throw invalidParameter('invalid-json', why);
  }
}

function explain(text: string): string {
  const why = explainJson(text);
  if ('endsAt' in why) return 'unexpected content after JSON';
  return why.fault === 'EOF' ? 'invalid JSON: got EOF while reading request body' : `invalid JSON: ${why.fault}`;
}

/** What Go's decoder itself says, without the words dockerd puts before it for bodies. */
export function goTextOf(error: unknown): string {
  return messageOf(error).replace(/^invalid JSON: /, '');
}

import { dockerfileError } from '../errors.ts';

/** One line of comma-separated fields; a field may stand in double quotes, a quote in it is doubled. */
export function splitCsv(line: string, what: string): string[] {
  const fields: string[] = [];
  let at = 0;
  while (true) {
    const field = line[at] === '"' ? quotedField(line, at, what) : plainField(line, at, what);
    fields.push(field.value);
    at = field.end;
    if (line[at] !== ',') return fields;
    at++;
  }
}

function plainField(line: string, start: number, what: string): { value: string; end: number } {
  const comma = line.indexOf(',', start);
  const end = comma === -1 ? line.length : comma;
  const value = line.slice(start, end);
  const mark = value.indexOf('"');
  if (mark !== -1) throw malformed(what, start + mark, 'bare " in non-quoted field');
  return { value, end };
}

function quotedField(line: string, start: number, what: string): { value: string; end: number } {
  let value = '';
  let at = start + 1;
  while (true) {
    const mark = line.indexOf('"', at);
    if (mark === -1) throw malformed(what, line.length, 'extraneous or missing " in quoted-field');
    value += line.slice(at, mark);
    at = mark + 1;
    const next = line[at];
    if (next === undefined || next === ',') return { value, end: at };
    if (next !== '"') throw malformed(what, mark, 'extraneous or missing " in quoted-field');
    value += '"';
    at++;
  }
}

function malformed(what: string, column: number, reason: string): Error {
  return dockerfileError(`failed to parse csv ${what}: parse error on line 1, column ${column + 1}: ${reason}`);
}

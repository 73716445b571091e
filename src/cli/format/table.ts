import { compileTemplate } from './template/execute.ts';
import { toEscapedJson } from './template/functions.ts';

const MIN_WIDTH = 10;
const PADDING = 3;

/** Cells a terminal shows `text` in: wide characters count twice, combining ones not. (Intl.Segmenter would cost 18 ms to load.) */
function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += /\p{M}|\p{Cf}/u.test(character) ? 0 : WIDE.test(character) ? 2 : 1;
  return width;
}
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Lays out tab-separated lines as docker does: columns at least 10 wide with 3 spaces between, the last one as it is. */
export function alignColumns(lines: readonly string[], minWidth: number = MIN_WIDTH): string {
  const rows = lines.map((line) => line.split('\t'));
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? minWidth, widthOf(cell) + PADDING);
    });
  }
  return rows
    .map(
      (row) =>
        `${row.map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat((widths[i] ?? 0) - widthOf(cell)))).join('')}\n`,
    )
    .join('');
}

/** A list's columns: for each field its header and how a row shows it. */
export type Columns<T> = Record<string, { header: string; value: (row: T) => unknown }>;

export interface ListFormat<T> {
  columns: Columns<T>;
  /** Fields of the plain table, in order. */
  table: readonly string[];
  /** What `--quiet` prints of a row. */
  quiet: (row: T) => string;
}

export interface ListOptions {
  format?: string | undefined;
  quiet?: boolean;
}

const expandEscapes = (template: string): string => template.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

/** Renders rows by `--format`: a table (default), `table TEMPLATE`, `json` (one object a line), or a Go template. */
export function formatList<T>(rows: readonly T[], list: ListFormat<T>, options: ListOptions): string {
  const format = options.format || 'table';
  if (options.quiet && (format === 'table' || format === 'raw'))
    return rows.map((row) => `${list.quiet(row)}\n`).join('');
  if (format === 'json') {
    return rows.map((row) => `${toEscapedJson(fieldsOf(row, list.columns))}\n`).join('');
  }
  const isTable = /^table(\s|$)/.test(format);
  const body = isTable ? format.slice('table'.length).trim() : format;
  const template = compileTemplate(
    expandEscapes(body === '' ? list.table.map((field) => `{{.${field}}}`).join('\t') : body),
    { missing: 'error', functions: { json: toEscapedJson } },
  );
  const lines = rows.map((row) => template(fieldsOf(row, list.columns)));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  const headers = Object.fromEntries(
    Object.entries(list.columns).map(([field, { header }]) => [field, headerCell(header)]),
  );
  return alignColumns([template(headers), ...lines]);
}

function fieldsOf<T>(row: T, columns: Columns<T>): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  for (const [field, { value }] of Object.entries(columns).sort(([a], [b]) => (a < b ? -1 : 1)))
    Object.defineProperty(fields, field, { enumerable: true, get: () => value(row) });
  return fields;
}

/** A header stands for a value, and for a method's result (`{{.Label "x"}}`) as well. */
const headerCell = (header: string): unknown =>
  header.includes('%') ? (argument: unknown) => header.replace('%', String(argument).split('.').at(-1) ?? '') : header;

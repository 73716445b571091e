import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { collectErrorCodes, type ErrorCode } from './error-codes.ts';

const path = resolve(import.meta.dirname, '../../docs/errors.md');
const START = '<!-- codes -->';
const END = '<!-- end of codes -->';

/** Rows of the table: code → what is said about the next step, which is written by hand. */
function readRows(text: string): Map<string, { row: string; step: string }> {
  const table = text.slice(text.indexOf(START), text.indexOf(END));
  return new Map(
    [...table.matchAll(/^\| `([a-z0-9-]+)` \|(.*)\|$/gm)].map(([row, code = '', rest = '']) => {
      const step = rest.split(/(?<!\\)\|/).at(-1) ?? '';
      return [code, { row, step: step.trim() }];
    }),
  );
}

function formatRow({ code, kinds, rooms, text }: ErrorCode, step: string): string {
  const shown = text === '' ? '' : `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
  return `| \`${code}\` | ${kinds.sort().join(', ')} | ${rooms.sort().join(', ')} | ${shown} | ${step} |`;
}

// UPDATE_GOLDEN=1 adds rows for new codes and takes stale ones out; what is written in the last column stays.
test('docs/errors.md lists every code of the sources, and no other', () => {
  const codes = collectErrorCodes();
  assert.ok(codes.length > 200, 'the sources are read');
  if (process.env['UPDATE_GOLDEN']) {
    const text = readFileSync(path, 'utf8');
    const before = readRows(text);
    const table = codes.map((one) => formatRow(one, before.get(one.code)?.step ?? '')).join('\n');
    const head = '| code | kind | rooms | text | next step |\n|---|---|---|---|---|';
    writeFileSync(
      path,
      `${text.slice(0, text.indexOf(START) + START.length)}\n${head}\n${table}\n${text.slice(text.indexOf(END))}`,
    );
  }
  const rows = readRows(readFileSync(path, 'utf8'));
  const expected = codes.map(({ code }) => code);
  assert.deepEqual(
    {
      missing: expected.filter((code) => !rows.has(code)),
      stale: [...rows.keys()].filter((code) => !expected.includes(code)),
    },
    { missing: [], stale: [] },
    'run UPDATE_GOLDEN=1 node --test test/architecture/errors.test.ts, then say in the last column what helps',
  );
  for (const one of codes)
    assert.match(rows.get(one.code)?.row ?? '', new RegExp(`\\| ${one.kinds.sort().join(', ')} \\|`), one.code);
});

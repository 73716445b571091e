import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commandTable, groups } from './commands/table.ts';
import { arityError, formatHelp } from './help.ts';
import { formatGroupHelp, formatOverview } from './overview.ts';

const folder = join(import.meta.dirname, 'testdata/help');

/** Compares with the file; UPDATE_GOLDEN=1 writes it instead. */
function golden(name: string, text: string): void {
  const path = join(folder, `${name.replaceAll(' ', '-')}.txt`);
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, text);
  }
  assert.equal(text, readFileSync(path, 'utf8'));
}

test('help: the overview', () => golden('berth', formatOverview('berth')));
for (const name of Object.keys(groups)) test(`help: ${name}`, () => golden(name, formatGroupHelp('berth', name)));
for (const [name, load] of Object.entries(commandTable)) {
  test(`help: ${name}`, async () => {
    const command = await load();
    assert.ok(command.names.includes(name), 'the table and the command agree on its names');
    if (command.names[0] === name) golden(name, formatHelp('berth', command, name));
  });
}

const arities: [min: number, max: number, count: number, message: string | undefined][] = [
  [1, 1, 1, undefined],
  [0, 0, 1, `'berth x' accepts no arguments`],
  [1, 1, 2, `'berth x' requires 1 argument`],
  [2, Number.POSITIVE_INFINITY, 1, `'berth x' requires at least 2 arguments`],
  [0, 1, 2, `'berth x' requires at most 1 argument`],
  [1, 2, 3, `'berth x' requires at least 1 and at most 2 arguments`],
];
for (const [min, max, count, message] of arities)
  test(`arity ${min}–${max} of ${count}`, () => assert.equal(arityError('berth x', { min, max }, count), message));

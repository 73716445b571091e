import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock, test } from 'node:test';
import { runCli, startFakeEngine } from './testing/fake-engine.ts';

const folder = join(import.meta.dirname, 'testdata/lists');
const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
const objects = JSON.parse(read('objects.json')) as Record<string, unknown>;
const lines = read('commands.txt')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'));

/** Words as a shell splits them, single quotes only. */
const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

// Tables, formats and JSON of fixed objects at a fixed time. UPDATE_GOLDEN=1 rewrites lists.golden.txt.
test('lists look as they did', async () => {
  mock.timers.enable({ apis: ['Date'], now: Date.parse('2026-11-21T12:00:00Z') });
  await using engine = await startFakeEngine((_, path) => {
    const [, found] = Object.entries(objects).find(([one]) => one === path.split('?')[0]) ?? [];
    return found === undefined ? { status: 404, body: { message: `No such object: ${path}` } } : { body: found };
  });
  let transcript = '';
  for (const line of lines) {
    const { code, stdout, stderr } = await runCli(engine.host, words(line));
    transcript += `$ berth ${line}\n${stdout}${stderr}${code === 0 ? '' : `[exit ${code}]\n`}\n`;
  }
  mock.timers.reset();
  const path = join(folder, 'lists.golden.txt');
  if (process.env['UPDATE_GOLDEN']) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, transcript);
  }
  assert.equal(transcript, readFileSync(path, 'utf8'));
});

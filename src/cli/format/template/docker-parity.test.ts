import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { messageOf } from '../../../errors/index.ts';
import { compileInspect } from '../../commands/inspect-objects.ts';

interface Frozen {
  object: unknown;
  cases: { template: string; output?: string; error?: string }[];
}

// What `docker inspect -f` 28.5 said of one container, frozen.
const { object, cases } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/inspect.json'), 'utf8'),
) as Frozen;

const render = (template: string): { output?: string; error?: string } => {
  try {
    return { output: compileInspect(template)(object) };
  } catch (error) {
    return { error: messageOf(error) };
  }
};

for (const { template, ...expected } of cases)
  test(`docker inspect -f ${JSON.stringify(template)}`, () => assert.deepEqual(render(template), expected));

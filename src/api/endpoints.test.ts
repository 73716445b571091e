import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ENDPOINTS, endpointKey } from './endpoints.ts';

test('there are 107 rows, each once', () => {
  const keys = ENDPOINTS.map(endpointKey);
  assert.equal(keys.length, 107);
  assert.equal(new Set(keys).size, 107);
});

const description = join(import.meta.dirname, '../../../shared/data/engine-api-v1.51.yaml');
if (existsSync(description)) {
  test('the rows are those of the API description', () => {
    const { paths } = parse(readFileSync(description, 'utf8')) as { paths: Record<string, Record<string, unknown>> };
    const documented = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(ENDPOINTS.map(endpointKey).sort(), documented.sort());
  });
} else console.log('# the endpoint table is not compared with the API description: no copy of it here');

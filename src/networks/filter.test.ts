import assert from 'node:assert/strict';
import { test } from 'node:test';
import { networkFilter } from './filter.ts';
import type { NetworkRecord } from './record.ts';

const networks: NetworkRecord[] = [
  { id: 'aa1', name: 'bridge', driver: 'bridge', created: '' },
  { id: 'bb2', name: 'host', driver: 'host', created: '' },
  { id: 'cc3', name: 'none', driver: 'null', created: '' },
];

test('network filters', () => {
  const cases: [Record<string, string[]>, string[]][] = [
    [{}, ['bridge', 'host', 'none']],
    [{ name: ['o'] }, ['host', 'none']],
    [{ name: ['bridge', 'none'], driver: ['null'] }, ['none']],
    [{ id: ['bb'] }, ['host']],
    [{ type: ['builtin'] }, ['bridge', 'host', 'none']],
    [{ type: ['custom'] }, []],
    [{ scope: ['swarm'] }, []],
    [{ label: ['x'] }, []],
    [{ dangling: ['true'] }, []],
    [{ dangling: ['0'] }, ['bridge', 'host', 'none']],
  ];
  for (const [filters, expected] of cases) {
    assert.deepEqual(
      networks.filter(networkFilter(filters)).map(({ name }) => name),
      expected,
      JSON.stringify(filters),
    );
  }
  assert.throws(() => networkFilter({ foo: ['x'] }), { message: "invalid filter 'foo'" });
  assert.throws(() => networkFilter({ type: ['bo'] }), { message: "invalid filter: 'type'='bo'" });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainMiss, type Miss } from './explain.ts';
import type { CacheRecord } from './record.ts';

const record = (rest: Partial<CacheRecord>): CacheRecord => ({
  key: 'k',
  kind: 'layer',
  parent: 'base',
  definition: 'RUN a',
  label: 'RUN a',
  sources: [],
  definitions: [],
  place: 'p',
  created: '',
  lastUsedMs: 0,
  uses: 0,
  ...rest,
});
const miss: Miss = {
  noCache: false,
  didParentRun: false,
  definition: 'RUN a',
  parent: 'base',
  sources: [],
  siblings: [],
  last: undefined,
};
const copied = record({
  sources: [
    ['/package.json', 'old'],
    ['/package-lock.json', 'same'],
  ],
});

const cases: [string, Partial<Miss>][] = [
  ['it was not built before', {}],
  ['--no-cache', { noCache: true, last: record({}) }],
  ['the step before it ran anew', { didParentRun: true, last: record({}) }],
  ['the instruction changed', { last: record({ definition: 'RUN b' }) }],
  ['the base image is another one', { last: record({ parent: 'old base' }), baseImage: 'busybox' }],
  ['the step before it gave something else', { last: record({ parent: 'other' }) }],
  ['its cached result was removed', { last: record({}) }],
  [
    'the contents of package.json changed',
    {
      siblings: [copied],
      last: copied,
      sources: [
        ['/package.json', 'new'],
        ['/package-lock.json', 'same'],
      ],
    },
  ],
  [
    'the contents of the source folder changed',
    { siblings: [record({ sources: [['/', '1']] })], sources: [['/', '2']] },
  ],
  [
    'the contents of a, b, c and 1 more changed',
    {
      siblings: [record({ sources: [['/a', '1']] })],
      sources: [
        ['/a', '2'],
        ['/b', '2'],
        ['/c', '2'],
        ['/d', '2'],
      ],
    },
  ],
  ['the contents of gone changed', { siblings: [record({ sources: [['/gone', '1']] })], sources: [['/gone', '2']] }],
];
for (const [reason, given] of cases) {
  test(reason, () => assert.deepEqual(explainMiss({ ...miss, ...given }), { hit: false, reason }));
}

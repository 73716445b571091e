import assert from 'node:assert/strict';
import { test } from 'node:test';
import { probeRuntime, versionWarnings } from './probe.ts';

test('old versions are warned of', () => {
  const cases: ['crun' | 'runc', string, boolean][] = [
    ['crun', '1.8.1', true],
    ['crun', '1.27', true],
    ['crun', '1.28', false],
    ['crun', '1.29.1', false],
    ['crun', '2.0', false],
    ['runc', '1.1.5+ds1', true],
    ['runc', '1.2.7', true],
    ['runc', '1.2.8', false],
    ['runc', '1.3.2', true],
    ['runc', '1.3.3', false],
    ['runc', '1.4.0-rc.1', false],
  ];
  for (const [name, version, isOld] of cases) {
    assert.equal(versionWarnings(name, version).length, isOld ? 1 : 0, `${name} ${version}`);
  }
});

test('no runtime is a clear error', async () => {
  await assert.rejects(probeRuntime('/nosuch/crun'), { kind: 'unavailable', code: 'runtime-missing' });
  await assert.rejects(probeRuntime('/bin/true'), { code: 'runtime-missing' });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResourcesSpec } from '../../oci/index.ts';
import { blkioToIoWeight, resourceWrites, sharesToWeight } from './resource-writes.ts';

const MIB = 1 << 20;

test('limits become the control files of v1 and v2, in order', () => {
  const cases: [ResourcesSpec, string[], string[]][] = [
    [
      { memory: { limit: 64 * MIB, swap: 128 * MIB, reservation: MIB } },
      [
        'memory.memsw.limit_in_bytes=-1',
        `memory.limit_in_bytes=${64 * MIB}`,
        `memory.memsw.limit_in_bytes=${128 * MIB}`,
        `memory.soft_limit_in_bytes=${MIB}`,
      ],
      [`memory.max=${64 * MIB}`, `memory.swap.max=${64 * MIB}`, `memory.low=${MIB}`],
    ],
    [
      { memory: { limit: 64 * MIB, swap: 64 * MIB } },
      [
        'memory.memsw.limit_in_bytes=-1',
        `memory.limit_in_bytes=${64 * MIB}`,
        `memory.memsw.limit_in_bytes=${64 * MIB}`,
      ],
      [`memory.max=${64 * MIB}`, 'memory.swap.max=0'],
    ],
    [
      { memory: { limit: -1, swap: -1 } },
      ['memory.memsw.limit_in_bytes=-1', 'memory.limit_in_bytes=-1', 'memory.memsw.limit_in_bytes=-1'],
      ['memory.max=max', 'memory.swap.max=max'],
    ],
    [
      { cpu: { shares: 1024, quota: 50_000, period: 100_000, cpus: '0-1', mems: '' } },
      ['cpu.shares=1024', 'cpu.cfs_period_us=100000', 'cpu.cfs_quota_us=50000', 'cpuset.cpus=0-1'],
      ['cpu.weight=39', 'cpu.max=50000 100000', 'cpuset.cpus=0-1'],
    ],
    [{ cpu: { quota: -1 } }, ['cpu.cfs_quota_us=-1'], ['cpu.max=max 100000']],
    [{ pids: { limit: 100 } }, ['pids.max=100'], ['pids.max=100']],
    [{ pids: { limit: -1 } }, ['pids.max=max'], ['pids.max=max']],
    [
      { blockIO: { weight: 500, throttleReadBpsDevice: [{ major: 8, minor: 0, rate: 1000 }] } },
      ['blkio.weight=500', 'blkio.bfq.weight=500', 'blkio.throttle.read_bps_device=8:0 1000'],
      ['io.bfq.weight=500', 'io.weight=default 4950', 'io.max=8:0 rbps=1000'],
    ],
    [{}, [], []],
  ];
  for (const [resources, v1, v2] of cases) {
    const show = (version: 1 | 2): string[] =>
      resourceWrites(version, resources).map(({ file, value }) => `${file}=${value}`);
    assert.deepEqual(show(1), v1);
    assert.deepEqual(show(2), v2);
  }
});

test('weights keep their ends', () => {
  assert.deepEqual([2, 1024, 262_144].map(sharesToWeight), [1, 39, 10_000]);
  assert.deepEqual([10, 1000].map(blkioToIoWeight), [1, 10_000]);
});

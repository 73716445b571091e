import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CgroupHost, cgroupFolder, parseCgroupMounts } from './hierarchies.ts';

const MOUNTINFO = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
`;

test('controllers and their mount points', () => {
  assert.deepEqual(
    [...parseCgroupMounts(MOUNTINFO)],
    [
      ['cpu', '/sys/fs/cgroup/cpu,cpuacct'],
      ['cpuacct', '/sys/fs/cgroup/cpu,cpuacct'],
      ['name=systemd', '/sys/fs/cgroup/systemd'],
      ['unified', '/sys/fs/cgroup/unified'],
    ],
  );
});

test('a cgroup’s folder', () => {
  const v1: CgroupHost = { version: 1, mounts: parseCgroupMounts(MOUNTINFO) };
  const v2: CgroupHost = { version: 2, mounts: new Map([['unified', '/sys/fs/cgroup']]) };
  assert.equal(cgroupFolder(v1, 'cpu', '/berth/x'), '/sys/fs/cgroup/cpu,cpuacct/berth/x');
  assert.equal(cgroupFolder(v1, 'memory', '/berth/x'), undefined);
  assert.equal(cgroupFolder(v2, 'memory', '/berth/x'), '/sys/fs/cgroup/berth/x');
});

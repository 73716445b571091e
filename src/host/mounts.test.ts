import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mountsBelow, parseMountInfo } from './mounts.ts';

test('mountinfo with escapes, optional fields and empty ones', () => {
  const text = [
    '36 35 98:0 /mnt1 /mnt/with\\040blank rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=continue',
    '40 36 0:40 / /tmp/o ro,relatime - overlay overlay rw,lowerdir+=/a,lowerdir+=/b',
    '',
  ].join('\n');
  const [first, second, ...more] = parseMountInfo(text);
  assert.deepEqual(first, {
    id: 36,
    parentId: 35,
    root: '/mnt1',
    target: '/mnt/with blank',
    options: ['rw', 'noatime'],
    propagation: ['shared:1', 'master:2'],
    type: 'ext3',
    source: '/dev/root',
    superOptions: ['rw', 'errors=continue'],
  });
  assert.deepEqual([second?.propagation, second?.superOptions], [[], ['rw', 'lowerdir+=/a', 'lowerdir+=/b']]);
  assert.deepEqual(more, []);
});

test('the root is a mount of this process', () => {
  assert.ok(mountsBelow('').length > 0);
});

// A data root that is full: a clear error, nothing lost, and all well when there is room again.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { provideImage } from '../../support/busybox.ts';
import { type Engine, startEngine } from '../../support/engine.ts';

let engine: Engine;
let small: string;
before(async () => {
  small = mkdtempSync(join(tmpdir(), 'berth-small-'));
  assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=60m', 'tmpfs', small]).status, 0);
  engine = await startEngine({}, { flags: ['--data-root', join(small, 'data')] });
  provideImage(engine);
});
after(async () => {
  try {
    await engine.stop();
  } finally {
    spawnSync('umount', [small]);
    rmdirSync(small);
  }
});

test('a full disk is said, loses nothing and heals', () => {
  engine.berth(['run', '--name', 'before', '-v', 'kept:/v', 'busybox', 'sh', '-c', 'echo kept > /v/f']);
  const filler = join(small, 'filler');
  assert.throws(() => writeFileSync(filler, Buffer.alloc(64 << 20)), { code: 'ENOSPC' });
  const ran = engine.berth(['run', '--name', 'during', 'busybox', 'sh', '-c', 'head -c 9000000 /dev/zero > /big']);
  assert.notEqual(ran.code, 0);
  const copied = engine.berth(['cp', process.execPath, 'before:/big']);
  assert.notEqual(copied.code, 0);
  assert.match(copied.stderr, /no space left on device/i);
  const built = engine.berth(['build', '-t', 'full', '-'], {
    input: 'FROM busybox\nRUN head -c 9000000 /dev/zero > /big\n',
  });
  assert.notEqual(built.code, 0);
  assert.match(engine.berth(['ps', '-a', '--format', '{{.Names}}']).stdout, /before/);

  // What frees space works on a full disk.
  const removed = engine.berth(['rm', 'before']);
  assert.equal(removed.code, 0, removed.stderr);
  rmSync(filler);
  engine.berth(['rm', '-f', 'during']);
  assert.equal(engine.berth(['run', '--rm', '-v', 'kept:/v', 'busybox', 'cat', '/v/f']).stdout, 'kept\n');
  assert.equal(engine.berth(['run', '--rm', 'busybox', 'sh', '-c', 'head -c 9000000 /dev/zero > /big']).code, 0);
  engine.berth(['volume', 'rm', 'kept']);
});

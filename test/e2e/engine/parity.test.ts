// What a differential run against dockerd 28 found, kept found: texts, names and flags that clients see.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { provideImage } from '../../support/busybox.ts';
import { type Engine, startEngine } from '../../support/engine.ts';

let engine: Engine;
before(async () => {
  engine = await startEngine();
  provideImage(engine);
});
after(() => engine.stop());

test("on another container's network the host name is the other's", () => {
  engine.berth(['run', '-d', '--name', 'donor', '-h', 'orig', 'busybox', 'sleep', '1000']);
  const ran = engine.berth([
    'run',
    '--rm',
    '--network',
    'container:donor',
    'busybox',
    'sh',
    '-c',
    'hostname; echo $HOSTNAME',
  ]);
  assert.equal(ran.stdout, 'orig\norig\n', ran.stderr);
  engine.berth(['rm', '-f', 'donor']);
});

test('a shareable /dev/shm runs no programs', () => {
  const { stdout } = engine.berth([
    'run',
    '--rm',
    '--ipc',
    'shareable',
    'busybox',
    'grep',
    ' /dev/shm ',
    '/proc/mounts',
  ]);
  assert.match(stdout, /nosuid,nodev,noexec/);
});

test('an empty command is one that is not there', () => {
  const ran = engine.berth(['run', '--rm', 'busybox', '']);
  assert.equal(ran.code, 127);
  assert.match(ran.stderr, /exec: "": executable file not found in \$PATH/);
});

const REFUSALS: { what: string; args: string[]; text: RegExp }[] = [
  {
    what: 'volumes of nobody',
    args: ['run', '--rm', '--volumes-from', 'nosuch', 'busybox', 'true'],
    text: /: No such container: nosuch/,
  },
  {
    what: 'processes of nobody',
    args: ['run', '--rm', '--pid', 'container:nosuch', 'busybox', 'true'],
    text: /: No such container: nosuch/,
  },
  {
    what: 'a tmpfs option',
    args: ['run', '--rm', '--tmpfs', '/t:bogus', 'busybox', 'true'],
    text: /invalid tmpfs option "bogus"/,
  },
  {
    what: 'kill of nobody',
    args: ['kill', 'nosuch'],
    text: /cannot kill container: nosuch: No such container: nosuch/,
  },
];
for (const { what, args, text } of REFUSALS) {
  test(`refused in Docker's words: ${what}`, () => {
    const ran = engine.berth(args);
    assert.notEqual(ran.code, 0);
    assert.match(ran.stderr, text);
    assert.doesNotMatch(ran.stderr, /Unable to find image/);
  });
}

test('cp: the whole root, a stopped volume under its own name, a file that is no folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'berth-cp-'));
  try {
    engine.berth(['run', '--name', 'kept', '-v', 'cpvol:/vol', 'busybox', 'touch', '/vol/f']);
    assert.equal(engine.berth(['cp', 'kept:/', join(folder, 'all')]).code, 0);
    assert.ok(readdirSync(join(folder, 'all')).includes('bin'));
    assert.equal(engine.berth(['cp', 'kept:/vol', join(folder, 'copy')]).code, 0);
    assert.deepEqual(readdirSync(join(folder, 'copy')), ['f']);
    assert.match(
      engine.berth(['cp', 'kept:/etc/passwd/', join(folder, 'x')]).stderr,
      /lstat \/etc\/passwd\/: not a directory/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
    engine.berth(['rm', '-f', 'kept']);
    engine.berth(['volume', 'rm', 'cpvol']);
  }
});

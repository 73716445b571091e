import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Executable, resolveExecutable } from './resolve-executable.ts';

let root: string;
before(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-resolve-'));
  for (const folder of ['bin', 'usr/bin', 'work/sub']) mkdirSync(join(root, folder), { recursive: true });
  writeFileSync(join(root, 'bin/run'), '', { mode: 0o755 });
  writeFileSync(join(root, 'usr/bin/plain'), '', { mode: 0o644 });
  writeFileSync(join(root, 'work/here'), '', { mode: 0o711 });
  symlinkSync('/bin/run', join(root, 'bin/link'));
  symlinkSync('/../../bin/sh', join(root, 'bin/outside'));
  symlinkSync('loop', join(root, 'bin/loop'));
});
after(() => rmSync(root, { recursive: true }));

test('a name is looked up as execvp would, inside the root', () => {
  const cases: [string, Executable][] = [
    ['run', 'ok'],
    ['/bin/run', 'ok'],
    ['/bin/../bin/run', 'ok'],
    ['../../../bin/run', 'ok'],
    ['./here', 'ok'],
    ['link', 'ok'],
    ['outside', 'not-found'],
    ['/bin/outside', 'not-found'],
    ['/bin/loop', 'not-found'],
    ['here', 'not-found'],
    ['plain', 'not-found'],
    ['/usr/bin/plain', 'not-executable'],
    ['/usr', 'is-directory'],
    ['sub', 'not-found'],
    ['/bin/run/x', 'not-found'],
    ['', 'not-found'],
  ];
  for (const [name, expected] of cases) {
    assert.equal(resolveExecutable({ root, name, cwd: '/work', searchPath: '/usr/bin:/bin' }), expected, name);
  }
  assert.equal(resolveExecutable({ root, name: 'run', cwd: '/', searchPath: undefined }), 'ok');
  assert.equal(resolveExecutable({ root, name: 'here', cwd: '/work', searchPath: ':/bin' }), 'ok');
});

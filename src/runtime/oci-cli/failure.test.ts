import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noticeLateFailure, reasonFromLog, startFailure, withLateFailure } from './failure.ts';

const entry = (msg: string): string => `${JSON.stringify({ msg, level: 'error', time: '2026-01-01T00:00:00Z' })}\n`;
const spread = (msg: string): string => `${JSON.stringify({ msg, level: 'error' }, null, 2)}\n`;
const IS_FOLDER = 'exec: "/etc": is a directory: permission denied';
const HINT =
  ': Are you trying to mount a directory onto a file (or vice-versa)? ' +
  'Check if the specified host path exists and is the expected type';

test('what a runtime logs becomes Docker’s text, exit code and kind', () => {
  const cases: [string, string, string, number, string][] = [
    [
      'executable file `x` not found in $PATH: No such file or directory',
      'x',
      'exec: "x": executable file not found in $PATH',
      127,
      'invalid-parameter',
    ],
    [
      'executable file `/x` not found in $PATH: No such file or directory',
      '/x',
      'exec: "/x": stat /x: no such file or directory',
      127,
      'invalid-parameter',
    ],
    [
      'open executable: Operation not permitted',
      '/etc',
      'exec: "/etc": is a directory: permission denied',
      126,
      'invalid-parameter',
    ],
    ['the path `/etc` is not a regular file: Operation not permitted', '/etc', IS_FOLDER, 126, 'invalid-parameter'],
    ['runc run failed: exec: "/etc": is a directory', '/etc', IS_FOLDER, 126, 'invalid-parameter'],
    ['open executable: Permission denied', '/f', 'exec: "/f": permission denied', 126, 'invalid-parameter'],
    [
      'chdir `/nosuch`: No such file or directory',
      'x',
      'chdir to cwd ("/nosuch") set in config.json failed: no such file or directory',
      127,
      'invalid-parameter',
    ],
    [
      'chdir `/f`: Not a directory',
      'x',
      `chdir to cwd ("/f") set in config.json failed: not a directory${HINT}`,
      127,
      'invalid-parameter',
    ],
    [
      'mount `/tmp` to `etc/passwd`: Not a directory',
      'x',
      `mount \`/tmp\` to \`etc/passwd\`: not a directory${HINT}`,
      127,
      'invalid-parameter',
    ],
    [
      'runc run failed: unable to start container process: exec: "x": executable file not found in $PATH',
      'x',
      'exec: "x": executable file not found in $PATH',
      127,
      'invalid-parameter',
    ],
    ['cannot set memory limit', 'x', 'cannot set memory limit', 128, 'system'],
  ];
  for (const [log, args0, reason, exitCode, kind] of cases) {
    assert.equal(reasonFromLog(spread('an earlier line') + spread(log), args0), reasonFromLog(entry(log), args0));
    const error = startFailure('exec', reasonFromLog(entry('an earlier line') + entry(log), args0));
    assert.equal(error.message, `OCI runtime exec failed: exec failed: unable to start container process: ${reason}`);
    assert.deepEqual([error.detail, error.kind], [{ exitCode }, kind], log);
  }
});

test('a log without a reason says so', () => {
  for (const log of ['', 'not json\n', '{"level":"warning","msg":"x"}\n']) {
    assert.equal(reasonFromLog(log, 'x'), 'the container runtime ended without a reason');
  }
});

test('a failed execve after the start is rewritten, anything else is passed on', () => {
  const cases: [string, string | undefined][] = [
    [entry('exec container process `/g`: Exec format error'), 'exec /g: exec format error\n'],
    [
      entry('exec container process (missing dynamic library?) `/g`: No such file or directory'),
      'exec /g: no such file or directory\n',
    ],
    [spread('exec container process `/g`: Exec format error'), 'exec /g: exec format error\n'],
    ['exec: Exec format error\n', 'exec /g: exec format error\n'],
    ['exec /g: exec format error\n', 'exec /g: exec format error\n'],
    ['exec: something else\n', undefined],
    ['{"msg":"exec container process, or not"}\n', undefined],
    ['hello\n', undefined],
  ];
  for (const [text, expected] of cases) {
    const late = noticeLateFailure('/g');
    assert.equal(late.rewrite(Buffer.from(text))?.toString(), expected ?? text);
    assert.equal(withLateFailure(late, 1), expected === undefined ? 1 : 255);
    assert.equal(withLateFailure(late, 3), 3);
  }
});

test('a failure told in pieces is waited for, other text is not', () => {
  const text = spread('exec container process `/g`: Exec format error');
  const late = noticeLateFailure('/g');
  for (const end of [1, 2, 10, 20, 60, text.length - 2])
    assert.equal(late.rewrite(Buffer.from(text.slice(0, end))), undefined);
  assert.equal(late.rewrite(Buffer.from(text))?.toString(), 'exec /g: exec format error\n');
  for (const other of ['{"a', '{"msg":"x', 'exec', '{}'])
    assert.equal(late.rewrite(Buffer.from(other))?.toString(), other);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BuildView } from './build-view.ts';

/** What a person sees in the end: each line as it was drawn last. */
function screen(
  act: (view: BuildView, tick: (ms: number) => void) => void,
  columns = 60,
  isColoured = false,
): string[] {
  let out = '';
  let nowMs = 0;
  const view = new BuildView({
    write: (text) => (out += text),
    columns: () => columns,
    nowMs: () => nowMs,
    isColoured,
  });
  act(view, (ms) => {
    nowMs += ms;
  });
  return out.split('\n').map((line) => line.split('\r\x1b[2K').at(-1) ?? '');
}

test('build view: a step ran, a step was cached', () => {
  const lines = screen((view, tick) => {
    view.push('Step 1/2 : FROM busybox\n ---> 0123456789ab\nStep 2/2 : RUN ma');
    tick(10);
    view.push('ke\n ---> Running in 0123456789ab\nhello\n');
    tick(1500);
    view.push(' ---> 0123456789ab\nSuccessfully built 0123456789ab\n');
    view.end();
  });
  assert.deepEqual(lines, [
    '✓ [1/2] FROM busybox  0.0s',
    '✓ [2/2] RUN make  1.5s',
    'Successfully built 0123456789ab',
    '',
  ]);
});

test('build view: cached steps say so, missed ones why', () => {
  const lines = screen((view) => {
    view.push('Step 1/2 : FROM x\nStep 2/2 : COPY a b\n ---> Using cache\n');
    view.end();
    view.push('Step 1/1 : RUN b\n');
    view.missed('the file a changed');
    view.end();
  });
  assert.equal(lines[1], '✓ [2/2] COPY a b  cached');
  assert.equal(lines[2], '✓ [1/1] RUN b  0.0s (the file a changed)');
});

test('build view: a failing step shows what it said', () => {
  const lines = screen((view) => {
    view.push('Step 1/1 : RUN x\nfirst\nsecond\n');
    view.fail();
  });
  assert.deepEqual(lines, ['✗ [1/1] RUN x  0.0s', '  first', '  second', '']);
});

test('build view: escapes of a step do not reach the terminal', () => {
  const lines = screen((view) => {
    view.push('Step 1/1 : RUN x\n\x1b[31mred\x1b[0m\n10%\r100%\n\x1b]0;title\x07\u202eevil\n');
    view.fail();
  });
  assert.deepEqual(lines.slice(1), ['  red', '  100%', '  \\u202eevil', '']);
});

test('build view: a line never wraps', () => {
  const [line = ''] = screen((view) => {
    view.push(`Step 1/1 : RUN ${'x'.repeat(200)}\n`);
    view.end();
  }, 40);
  assert.equal(line.length, 39);
});

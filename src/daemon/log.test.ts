import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseGroups, socketGroup } from './group.ts';
import { createLogger, formatLine } from './log.ts';

test('lines are logfmt, with what a terminal could act on quoted', () => {
  const line = formatLine(new Date(0), 'warn', 'a "b"\n\x1b[31m', { n: 1, path: '/x y' });
  assert.equal(line, 'time="1970-01-01T00:00:00.000Z" level=warn msg="a \\"b\\"\\n\\u001b[31m" n=1 path="/x y"\n');
});

test('levels below the chosen one say nothing', () => {
  const lines: string[] = [];
  const log = createLogger('warn', (line) => lines.push(line));
  log.debug('a');
  log.info('b');
  log.warn('c');
  log.fatal('d');
  assert.deepEqual(
    lines.map((line) => /msg="(.)"/.exec(line)?.[1]),
    ['c', 'd'],
  );
});

test('the socket’s group: the named one, else berth, else docker, else root', () => {
  const log = createLogger('fatal', () => {});
  const both = 'root:x:0:\nberth:x:970:\ndocker:x:971:a,b\n';
  assert.equal(socketGroup(undefined, log, both), 970);
  assert.equal(socketGroup(undefined, log, 'docker:x:971:\n'), 971);
  assert.equal(socketGroup(undefined, log, 'root:x:0:\n'), 0);
  assert.equal(socketGroup('docker', log, both), 971);
  assert.equal(socketGroup('1234', log, both), 1234);
  assert.throws(() => socketGroup('nope', log, both), { message: 'group nope not found' });
  assert.equal(parseGroups('broken\n:x:\n').size, 0);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toGoMode } from './go-mode.ts';
import { commandOf, mergeConfig } from './merge-config.ts';
import { parseName, randomName } from './names.ts';
import { parsePlatform } from './platform.ts';
import { parseUntil } from './prune.ts';
import { restartDelay, shouldRestart } from './restart-policy.ts';
import { parseSecurityOptions } from './security-options.ts';
import { isSignalOfLinux, parseSignal } from './signals.ts';
import { isLive, next, STATUSES, type Status, type Transition } from './state.ts';
import { formatTime, parseTime } from './time.ts';
import { parsePs } from './top.ts';
import { Waiters } from './waiters.ts';

test('the state table: what may follow what', () => {
  const allowed: [Status, Transition, Status][] = [
    ['created', 'start', 'running'],
    ['exited', 'start', 'running'],
    ['restarting', 'start', 'running'],
    ['running', 'exit', 'exited'],
    ['paused', 'exit', 'exited'],
    ['running', 'exit-again', 'restarting'],
    ['restarting', 'give-up', 'exited'],
    ['running', 'pause', 'paused'],
    ['paused', 'unpause', 'running'],
    ['created', 'remove', 'removing'],
    ['exited', 'remove', 'removing'],
    ['dead', 'remove', 'removing'],
    ['removing', 'remove-failed', 'dead'],
  ];
  for (const [from, transition, to] of allowed) assert.equal(next(from, transition), to);
  for (const from of ['running', 'paused', 'removing'] as const)
    assert.throws(() => next(from, 'start'), /cannot start/);
  for (const from of ['running', 'paused', 'restarting'] as const) assert.throws(() => next(from, 'remove'));
  assert.deepEqual(STATUSES.filter(isLive), ['running', 'paused']);
});

test("names: Docker's grammar and text", () => {
  for (const good of ['ab', 'a1', 'A_b.c-d', '/web']) assert.equal(parseName(good), good.replace('/', ''));
  for (const bad of ['a', '', '-a', 'a/b', 'a b', '../x', 'ä1', '_x', 'a\n']) {
    assert.throws(() => parseName(bad), {
      message: `Invalid container name (${bad}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
    });
  }
  assert.match(
    randomName(() => false),
    /^[a-z]+_[a-z]+$/,
  );
  let asked = 0;
  assert.match(
    randomName(() => asked++ < 5),
    /^[a-z]+_[a-z]+[0-9]+$/,
  );
});

test('signals: names, numbers, real time', () => {
  for (const [text, number] of [
    ['TERM', 15],
    ['sigkill', 9],
    ['9', 9],
    ['RTMIN+3', 37],
    ['SIGRTMAX-1', 63],
    ['SIGUSR1', 10],
  ] as const) {
    assert.equal(parseSignal(text), number);
  }
  for (const bad of ['FOO', '', '0', '-9', 'RTMIN+99', '9x'])
    assert.throws(() => parseSignal(bad), /^EngineError: invalid signal: /);
  assert.equal(isSignalOfLinux(99), false);
});

test("times keep microseconds and Go's form", () => {
  assert.equal(formatTime(1795231904469.264), '2026-11-21T03:31:44.469264Z');
  assert.equal(formatTime(1795231904000), '2026-11-21T03:31:44Z');
  assert.equal(parseTime('0001-01-01T00:00:00Z'), 0);
  assert.equal(parseTime('2026-11-21T03:31:44.469264598Z'), 1795231904469);
});

test("entrypoint and command over the image's", () => {
  const image = {
    Entrypoint: ['/e'],
    Cmd: ['c'],
    Env: ['PATH=/bin', 'A=1'],
    WorkingDir: '/w',
    User: 'u',
    Labels: { a: '1' },
  };
  const cases: [Parameters<typeof mergeConfig>[0], string[] | Error][] = [
    [{}, ['/e', 'c']],
    [{ Cmd: ['x'] }, ['/e', 'x']],
    [{ Entrypoint: ['/f'] }, ['/f']],
    [{ Entrypoint: ['/f'], Cmd: ['y'] }, ['/f', 'y']],
    [{ Entrypoint: [''], Cmd: ['y'] }, ['y']],
    [{ Entrypoint: [] }, ['/e', 'c']],
    [{ Entrypoint: [''] }, new Error('no command specified')],
    [{ Entrypoint: [''], Cmd: [''] }, ['']],
  ];
  for (const [request, expected] of cases) {
    const merged = mergeConfig(request, image);
    if (expected instanceof Error) assert.throws(() => commandOf(merged), { message: expected.message });
    else {
      const { path, args } = commandOf(merged);
      assert.deepEqual([path, ...args], expected);
    }
  }
  const merged = mergeConfig({ Env: ['A=2', 'B='], Labels: JSON.parse('{"__proto__":"x"}') }, image);
  assert.deepEqual(merged.Env, ['A=2', 'B=', 'PATH=/bin']);
  assert.equal(merged.WorkingDir, '/w');
  assert.deepEqual(Object.entries(merged.Labels ?? {}), [
    ['a', '1'],
    ['__proto__', 'x'],
  ]);
});

test('restart policy: who is started again, and when', () => {
  const ended = { exitCode: 1, restartCount: 0, isManuallyStopped: false };
  const cases: [Parameters<typeof shouldRestart>[0], Partial<typeof ended>, boolean][] = [
    [{ Name: 'no' }, {}, false],
    [{}, {}, false],
    [{ Name: 'always' }, { exitCode: 0 }, true],
    [{ Name: 'always' }, { isManuallyStopped: true }, false],
    [{ Name: 'unless-stopped' }, { isManuallyStopped: true }, false],
    [{ Name: 'on-failure' }, { exitCode: 0 }, false],
    [{ Name: 'on-failure' }, {}, true],
    [{ Name: 'on-failure', MaximumRetryCount: 3 }, { restartCount: 2 }, true],
    [{ Name: 'on-failure', MaximumRetryCount: 3 }, { restartCount: 3 }, false],
  ];
  for (const [policy, facts, expected] of cases) assert.equal(shouldRestart(policy, { ...ended, ...facts }), expected);
  const delays: number[] = [];
  for (let delay = 0; delays.length < 12; ) delays.push((delay = restartDelay(delay, 5)));
  assert.deepEqual(delays, [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]);
  assert.equal(restartDelay(51200, 10_000), 100);
});

test('security options', () => {
  assert.equal(parseSecurityOptions(['no-new-privileges']).noNewPrivileges, true);
  assert.equal(parseSecurityOptions(['no-new-privileges:false']).noNewPrivileges, false);
  assert.equal(parseSecurityOptions(['seccomp=unconfined']).seccomp, 'unconfined');
  for (const bad of ['foo=bar', 'no-new-privileges=maybe', 'systempaths=x']) {
    assert.throws(() => parseSecurityOptions([bad]), { message: `invalid --security-opt 2: ${JSON.stringify(bad)}` });
  }
  assert.throws(() => parseSecurityOptions(['apparmor=mine']), /AppArmor/);
});

test('waiters: each condition hears what it waits for, once', async () => {
  const waiters = new Waiters();
  const next = waiters.add('next-exit');
  const removed = waiters.add('removed');
  waiters.exited(3);
  assert.deepEqual(await next, { StatusCode: 3 });
  waiters.removed(3);
  assert.deepEqual(await removed, { StatusCode: 3 });
  const failed = waiters.add('removed');
  waiters.removalFailed(4, 'busy');
  assert.deepEqual(await failed, { StatusCode: 4, Error: { Message: 'busy' } });
  const controller = new AbortController();
  const aborted = waiters.add('next-exit', controller.signal);
  controller.abort(new Error('gone'));
  await assert.rejects(aborted, /gone/);
});

test('until: times and durations', () => {
  assert.equal(parseUntil('1h30m', 10_000_000), 10_000_000 - 5_400_000);
  assert.equal(parseUntil('1700000000', 0), 1_700_000_000_000);
  assert.equal(parseUntil('2020-01-01', 0), Date.UTC(2020, 0, 1));
  assert.throws(() => parseUntil('x', 0), { message: 'failed to parse value as time or duration: "x"' });
});

test('platforms', () => {
  assert.deepEqual(parsePlatform('linux/arm64/v8'), { os: 'linux', architecture: 'arm64', variant: '' });
  assert.deepEqual(parsePlatform('linux/x86_64'), { os: 'linux', architecture: 'amd64', variant: '' });
  assert.throws(() => parsePlatform('foo/bar/baz/q'), {
    message: '"foo/bar/baz/q": cannot parse platform specifier: invalid argument',
  });
});

test('ps output: only the wanted rows, the last column whole', () => {
  const output = 'UID   PID  CMD\nroot    1  init\nroot   42  sleep 1000  x\n';
  assert.deepEqual(parsePs(output, new Set([42])), {
    Titles: ['UID', 'PID', 'CMD'],
    Processes: [['root', '42', 'sleep 1000 x']],
  });
  assert.throws(() => parsePs('COMMAND\nx\n', new Set()), { message: "Couldn't find PID field in ps output" });
});

test('file modes as Go writes them', () => {
  assert.equal(toGoMode(0o040755), 2147484141);
  assert.equal(toGoMode(0o120777), 2 ** 27 + 0o777);
  assert.equal(toGoMode(0o104755), 2 ** 23 + 0o755);
});

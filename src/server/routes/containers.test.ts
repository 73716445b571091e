import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ContainerSummary } from '../../api/index.ts';
import { notFound } from '../../errors/index.ts';
import { openTestServer } from '../testing/test-server.ts';

const noSuchContainer = (ref: string): Error => notFound('no-such-container', `No such container: ${ref}`);

test('list: parameters are decoded, filters in both encodings', async () => {
  const asked: unknown[] = [];
  await using server = await openTestServer({
    containers: {
      list: async (options) => {
        asked.push({ ...options, filters: { ...options.filters } });
        return [];
      },
    },
  });
  const filters = (value: object): string => encodeURIComponent(JSON.stringify(value));
  await server.ask('GET', '/containers/json');
  await server.ask('GET', `/containers/json?all=1&limit=3&size=true&filters=${filters({ label: ['a=b'] })}`);
  await server.ask('GET', `/containers/json?all=0&filters=${filters({ label: { 'a=b': true } })}`);
  assert.deepEqual(asked, [
    { all: false, limit: 0, size: false, filters: {} },
    { all: true, limit: 3, size: true, filters: { label: ['a=b'] } },
    { all: false, limit: 0, size: false, filters: { label: ['a=b'] } },
  ]);
  const refused = await server.ask('GET', '/containers/json?filters=abc');
  assert.deepEqual([refused.status, refused.json], [400, { message: 'invalid filter' }]);
});

test('list: older clients do not see younger fields', async () => {
  const summary: ContainerSummary = {
    Id: 'a'.repeat(64),
    Names: ['/x'],
    ImageManifestDescriptor: { digest: 'sha256:0' },
  };
  await using server = await openTestServer({ containers: { list: async () => [summary] } });
  const keys = async (path: string): Promise<string[]> =>
    Object.keys(((await server.ask('GET', path)).json as object[])[0] ?? {});
  assert.ok((await keys('/v1.48/containers/json')).includes('ImageManifestDescriptor'));
  assert.ok(!(await keys('/v1.47/containers/json')).includes('ImageManifestDescriptor'));
});

test('verbs: parameters reach the room, answers have the documented status', async () => {
  const calls: unknown[][] = [];
  const call =
    <T>(name: string, answer: T) =>
    async (...args: unknown[]): Promise<T> => {
      calls.push([name, ...args]);
      return answer;
    };
  await using server = await openTestServer({
    containers: {
      create: call('create', { Id: 'new', Warnings: [] }),
      start: call('start', true),
      stop: call('stop', false),
      restart: call('restart', undefined),
      kill: call('kill', undefined),
      pause: call('pause', undefined),
      unpause: call('unpause', undefined),
      rename: call('rename', undefined),
      resize: call('resize', undefined),
      top: call('top', { Titles: ['PID'], Processes: [['1']] }),
      remove: call('remove', undefined),
      prune: call('prune', { ContainersDeleted: null, SpaceReclaimed: 0 }),
      execCreate: call('execCreate', { Id: 'e' }),
      execResize: call('execResize', undefined),
    },
  });
  const cases: [method: string, path: string, json: unknown, status: number, call: unknown[]][] = [
    ['POST', '/containers/create?name=a&platform=linux', { Image: 'x' }, 201, ['create', 'a', { Image: 'x' }, 'linux']],
    ['POST', '/containers/create', { Image: 'x' }, 201, ['create', undefined, { Image: 'x' }, undefined]],
    ['POST', '/containers/x/start', undefined, 204, ['start', 'x']],
    ['POST', '/containers/x/start', {}, 204, ['start', 'x']],
    ['POST', '/containers/x/stop?t=5&signal=INT', undefined, 304, ['stop', 'x', { signal: 'INT', timeoutSeconds: 5 }]],
    ['POST', '/containers/x/stop', undefined, 304, ['stop', 'x', {}]],
    ['POST', '/containers/x/restart?t=-1', undefined, 204, ['restart', 'x', { timeoutSeconds: -1 }]],
    ['POST', '/containers/x/kill', undefined, 204, ['kill', 'x', 'SIGKILL']],
    ['POST', '/containers/x/kill?signal=9', undefined, 204, ['kill', 'x', '9']],
    ['POST', '/containers/x/pause', undefined, 204, ['pause', 'x']],
    ['POST', '/containers/x/unpause', undefined, 204, ['unpause', 'x']],
    ['POST', '/containers/x/rename?name=y', undefined, 204, ['rename', 'x', 'y']],
    ['POST', '/containers/x/resize?h=4&w=5', undefined, 200, ['resize', 'x', 4, 5]],
    ['GET', '/containers/x/top', undefined, 200, ['top', 'x', '-ef']],
    ['GET', '/containers/x/top?ps_args=aux', undefined, 200, ['top', 'x', 'aux']],
    ['DELETE', '/containers/x', undefined, 204, ['remove', 'x', { force: false, volumes: false, link: false }]],
    [
      'DELETE',
      '/containers/x?v=1&force=1',
      undefined,
      204,
      ['remove', 'x', { force: true, volumes: true, link: false }],
    ],
    ['POST', '/containers/x/exec', { Cmd: ['a'], Tty: true }, 201, ['execCreate', 'x', { Cmd: ['a'], Tty: true }]],
    ['POST', '/exec/e/resize?h=4&w=5', undefined, 200, ['execResize', 'e', 4, 5]],
  ];
  for (const [method, path, json, status, expected] of cases) {
    const answer = await server.ask(method, path, json === undefined ? {} : { json });
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.deepEqual(calls.pop(), expected, `${method} ${path}`);
  }
  assert.equal((await server.ask('POST', '/containers/prune')).status, 200);
  assert.deepEqual(server.faults, []);
});

test('requests that dockerd refuses never reach the room', async () => {
  await using server = await openTestServer({});
  const cases: [string, string, unknown, string][] = [
    [
      'POST',
      '/containers/x/start',
      { Binds: ['/:/host'] },
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    ],
    ['POST', '/containers/x/rename', undefined, 'Neither old nor new names may be empty'],
    ['POST', '/containers/x/wait?condition=foo', undefined, 'invalid condition: "foo"'],
    ['POST', '/containers/x/exec', {}, 'No exec command specified'],
    ['GET', '/containers/x/logs', undefined, 'Bad parameters: you must choose at least one stream'],
    ['GET', '/containers/x/archive', undefined, 'bad parameter: pathcannot be empty'],
    ['GET', '/events?since=3&until=2', undefined, '`since` time (3) cannot be after `until` time (2)'],
  ];
  for (const [method, path, json, message] of cases) {
    const answer = await server.ask(method, path, json === undefined ? {} : { json });
    assert.deepEqual([answer.status, answer.json], [400, { message }], `${method} ${path}`);
  }
});

test('wait: the head goes out at once, the outcome when it is there', async () => {
  const { promise, resolve } = Promise.withResolvers<{ StatusCode: number }>();
  await using server = await openTestServer({
    containers: {
      wait: (ref, condition) => {
        assert.equal(condition, 'next-exit');
        return ref === 'x' ? promise : Promise.reject(noSuchContainer(ref));
      },
    },
  });
  const missing = await server.ask('POST', '/containers/zz/wait?condition=next-exit');
  assert.deepEqual([missing.status, missing.json], [404, { message: 'No such container: zz' }]);

  const socket = await server.connect();
  let got = '';
  socket.on('data', (chunk) => {
    got += String(chunk);
  });
  socket.write('POST /containers/x/wait?condition=next-exit HTTP/1.1\r\nHost: d\r\n\r\n');
  while (!got.includes('\r\n\r\n')) await sleep(2);
  assert.match(got, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(!got.includes('StatusCode'));
  resolve({ StatusCode: 3 });
  while (!got.endsWith('0\r\n\r\n')) await sleep(2);
  assert.match(got, /\{"StatusCode":3\}\n/);
});

test('wait: a client that goes away is forgotten', async () => {
  const { promise: aborted, resolve } = Promise.withResolvers<void>();
  await using server = await openTestServer({
    containers: {
      wait: (_ref, _condition, signal) =>
        new Promise(() => {
          signal.addEventListener('abort', () => resolve());
        }),
    },
  });
  const socket = await server.connect();
  socket.write('POST /containers/x/wait HTTP/1.1\r\nHost: d\r\n\r\n', () => setTimeout(() => socket.destroy(), 20));
  await aborted;
});

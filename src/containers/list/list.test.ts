import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Container } from '../container.ts';
import { Directory } from '../directory.ts';
import { type ContainerRecord, ZERO_TIME } from '../record.ts';
import { commandText, toPorts } from './describe.ts';
import { compileFilters } from './filters.ts';
import { humanDuration, statusText } from './status-text.ts';

const record = (name: string, over: Partial<ContainerRecord> = {}): ContainerRecord => ({
  version: 1,
  id: Buffer.from(name.padEnd(32, '_')).toString('hex'),
  name,
  created: '2026-01-01T00:00:00Z',
  imageId: 'sha256:aa',
  path: 'sh',
  args: [],
  config: { Labels: { app: 'web' }, ExposedPorts: { '80/tcp': {} } },
  hostConfig: {},
  endpoints: { bridge: {} },
  mounts: [],
  state: { status: 'created', exitCode: 0, error: '', oomKilled: false, startedAt: ZERO_TIME, finishedAt: ZERO_TIME },
  restartCount: 0,
  isManuallyStopped: false,
  ...over,
});

function world(): { matching(filters: Record<string, string[]>): string[]; directory: Directory } {
  const directory = new Directory();
  const add = (one: ContainerRecord): void => {
    directory.reserveName(one.name, one.id);
    directory.add(new Container(one, { data: '/d', exec: '/e' }));
  };
  add(record('web1'));
  add(
    record('web2', {
      created: '2026-01-02T00:00:00Z',
      config: { Labels: { app: 'db', 'a=b': '' } },
      imageId: 'sha256:bb',
    }),
  );
  add(
    record('job', { created: '2026-01-03T00:00:00Z', state: { ...record('x').state, status: 'exited', exitCode: 3 } }),
  );
  const needs = {
    directory,
    images: {
      get: () => {
        throw new Error('unused');
      },
      find: () => undefined,
      names: () => [],
    },
    networks: { find: () => undefined },
  };
  return {
    directory,
    matching: (filters) => {
      const matches = compileFilters(filters, needs as unknown as Parameters<typeof compileFilters>[1]);
      return directory
        .all()
        .filter(matches)
        .map((container) => container.record.name);
    },
  };
}

test('filters: alternatives within a key, all keys together', () => {
  const { matching } = world();
  const cases: [Record<string, string[]>, string[]][] = [
    [{}, ['web1', 'web2', 'job']],
    [{ name: ['web'] }, ['web1', 'web2']],
    [{ name: ['^/web1$'] }, ['web1']],
    [{ name: ['('] }, []],
    [{ status: ['exited', 'running'] }, ['job']],
    [{ exited: ['3'] }, ['job']],
    [{ exited: ['0'] }, []],
    [{ label: ['app'] }, ['web1', 'web2', 'job']],
    [{ label: ['app', 'app=db'] }, ['web2']],
    [{ label: ['toString'] }, []],
    [{ ancestor: ['sha256:bb'] }, ['web2']],
    [{ before: ['web2'] }, ['web1']],
    [{ since: ['web1'] }, ['web2', 'job']],
    [{ network: ['bridge'] }, ['web1', 'web2', 'job']],
    [{ expose: ['80'] }, ['web1', 'job']],
    [{ expose: ['70-90/tcp'] }, ['web1', 'job']],
    [{ health: ['none'] }, ['web1', 'web2', 'job']],
    [{ name: ['web'], label: ['app=db'] }, ['web2']],
  ];
  for (const [filters, expected] of cases) assert.deepEqual(matching(filters), expected, JSON.stringify(filters));
});

test("filters: refusals in Docker's words", () => {
  const { matching } = world();
  const cases: [Record<string, string[]>, string][] = [
    [{ foo: ['x'] }, "invalid filter 'foo'"],
    [
      { status: ['x'] },
      "invalid filter 'status=x': invalid value for state (x): must be one of created, running, paused, restarting, removing, exited, dead",
    ],
    [
      { health: ['x'] },
      "invalid filter 'health=x': invalid value for health (x): must be one of none, starting, healthy, unhealthy",
    ],
    [{ exited: ['x'] }, 'invalid filter \'exited=x\': strconv.Atoi: parsing "x": invalid syntax'],
    [{ before: ['x'] }, 'No such container: x'],
    [{ publish: ['x'] }, 'error while looking up for publish x: strconv.ParseUint: parsing "x": invalid syntax'],
  ];
  for (const [filters, message] of cases) assert.throws(() => matching(filters), { message });
});

test('references: id, name, prefix; one winner per name', () => {
  const { directory } = world();
  const { id } = directory.get('web1');
  for (const ref of ['web1', '/web1', id]) assert.equal(directory.get(ref).id, id);
  assert.equal(directory.get(id.slice(0, 10)).id, id);
  assert.throws(() => directory.get('77'), { message: 'multiple IDs found with provided prefix: 77' });
  assert.throws(() => directory.get('../web1'), { message: 'No such container: ../web1' });
  assert.throws(() => directory.reserveName('web1', 'other'), {
    message: `Conflict. The container name "/web1" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.`,
  });
});

test('durations and status as Docker rounds them', () => {
  const cases: [number, string][] = [
    [500, 'Less than a second'],
    [1000, '1 second'],
    [59_000, '59 seconds'],
    [60_000, 'About a minute'],
    [120_000, '2 minutes'],
    [3_600_000, 'About an hour'],
    [47 * 3_600_000, '47 hours'],
    [48 * 3_600_000, '2 days'],
    [14 * 86_400_000, '2 weeks'],
    [60 * 86_400_000, '2 months'],
    [730 * 86_400_000, '2 years'],
  ];
  for (const [ms, text] of cases) assert.equal(humanDuration(ms), text);
  const state = {
    ...record('x').state,
    startedAt: '2026-01-01T00:00:00Z',
    finishedAt: '2026-01-01T00:00:10Z',
    exitCode: 137,
  };
  const at = Date.parse('2026-01-01T00:00:15Z');
  assert.equal(statusText({ ...state, status: 'exited' }, at), 'Exited (137) 5 seconds ago');
  assert.equal(statusText({ ...state, status: 'paused' }, at), 'Up 15 seconds (Paused)');
  assert.equal(statusText({ ...state, status: 'restarting' }, at), 'Restarting (137) 5 seconds ago');
});

test('commands and ports as the table shows them', () => {
  assert.equal(commandText('sh', ['-c', "echo 'hi'"]), "sh -c 'echo \\'hi\\''");
  assert.deepEqual(toPorts({ '80/tcp': [{ HostIp: '0.0.0.0', HostPort: '8080' }], '70/udp': null }), [
    { PrivatePort: 70, Type: 'udp' },
    { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
  ]);
});

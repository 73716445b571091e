import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { createFixture } from './fixture.ts';
import { parseMountOptions } from './mount-options.ts';
import { checkName, checkRequest } from './request.ts';

test('a volume has the shape that Docker gives it', async (t) => {
  const { open, dir, events } = createFixture(t);
  const volumes = await open();
  const created = await volumes.create({ Name: 'hv1' });
  assert.deepEqual(created, {
    CreatedAt: '2026-11-21T03:31:30Z',
    Driver: 'local',
    Labels: null,
    Mountpoint: `${dir}/hv1/_data`,
    Name: 'hv1',
    Options: null,
    Scope: 'local',
  });
  assert.deepEqual(await volumes.create({ Name: 'hv1', Labels: { other: 'x' } }), created);
  assert.deepEqual(await volumes.inspect('hv1'), created);
  assert.equal(statSync(`${dir}/hv1/_data`).mode & 0o777, 0o755);
  assert.deepEqual(events, ['create hv1 {"driver":"local"}']);
});

test('without a name it is anonymous; odd label keys survive', async (t) => {
  const { open } = createFixture(t);
  const volumes = await open();
  const created = await volumes.create({ Labels: JSON.parse('{"__proto__":"p","constructor":"c"}') });
  assert.match(created.Name ?? '', /^[0-9a-f]{64}$/);
  const again = await (await open()).inspect(created.Name ?? '');
  assert.deepEqual(Object.entries(again.Labels ?? {}), [
    ['__proto__', 'p'],
    ['constructor', 'c'],
    ['com.docker.volume.anonymous', ''],
  ]);
  assert.equal(volumes.isAnonymous(created.Name ?? ''), true);
  assert.equal(
    (await volumes.create({ Name: 'named', isAnonymous: true })).Labels?.['com.docker.volume.anonymous'],
    '',
  );
});

for (const [name, message] of [
  ['x', 'create x: volume name is too short, names should be at least two alphanumeric characters'],
  [
    'x/y',
    'create x/y: "x/y" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. ' +
      'If you intended to pass a host directory, use absolute path',
  ],
] as const) {
  test(`refuses the name ${name}`, () => assert.throws(() => checkName(name), { kind: 'invalid-parameter', message }));
}

test('no name leaves the folder', () => {
  for (const name of ['..', '../x', '.hidden', '-x', '/abs', 'a\0b', 'a\n', 'é1', 'x'.repeat(256), '__proto__'])
    assert.throws(() => checkName(name), { kind: 'invalid-parameter' }, name);
});

for (const [request, message] of [
  [{ Driver: 'foo' }, 'create hv: error looking up volume plugin foo: plugin "foo" not found'],
  [{ DriverOpts: { foo: '1' } }, 'create hv: invalid option: "foo"'],
  [{ DriverOpts: { type: 'tmpfs' } }, 'create hv: missing required option: "device"'],
  [{ DriverOpts: { o: 'bind', device: '/x' } }, 'create hv: missing required option: "type"'],
  [{ DriverOpts: { size: '10m' } }, 'create hv: quota size requested but no quota support'],
] as const) {
  test(`refuses ${JSON.stringify(request)}`, () => assert.throws(() => checkRequest('hv', request), { message }));
}

test('what does not exist, what is in use', async (t) => {
  const { open, events } = createFixture(t);
  const volumes = await open();
  await assert.rejects(volumes.inspect('nope'), { kind: 'not-found', message: 'get nope: no such volume' });
  await assert.rejects(volumes.remove('nope', false), { kind: 'not-found', message: 'get nope: no such volume' });
  await volumes.remove('nope', true);
  assert.throws(() => volumes.acquire('nope', 'c1'), { kind: 'not-found' });
  await volumes.create({ Name: 'hv1' });
  volumes.acquire('hv1', 'c1');
  volumes.acquire('hv1', 'c2');
  for (const force of [false, true])
    await assert.rejects(volumes.remove('hv1', force), {
      kind: 'conflict',
      message: 'remove hv1: volume is in use - [c1, c2]',
    });
  volumes.release('hv1', 'c1');
  assert.deepEqual(volumes.users('hv1'), ['c2']);
  volumes.release('hv1', 'c2');
  await volumes.remove('hv1', false);
  assert.equal(events.at(-1), 'destroy hv1 {"driver":"local"}');
});

test('removal takes folder and record; nothing is left', async (t) => {
  const { open, dir } = createFixture(t);
  const volumes = await open();
  const { Mountpoint = '' } = await volumes.create({ Name: 'hv1' });
  mkdirSync(path.join(Mountpoint, 'a'));
  writeFileSync(Buffer.concat([Buffer.from(`${Mountpoint}/a/`), Buffer.from([0xff, 0x0a])]), 'x');
  await volumes.remove('hv1', false);
  assert.deepEqual(readdirSync(dir), []);
  assert.deepEqual((await (await open()).list({})).Volumes, []);
});

test('a restart: records stay, strange folders are taken in, half removals are finished', async (t) => {
  const { open, dir } = createFixture(t);
  const volumes = await open();
  await volumes.create({ Name: 'kept', Labels: { a: 'b' } });
  await volumes.create({ Name: 'half' });
  mkdirSync(`${dir}/foreign/_data`, { recursive: true });
  mkdirSync(`${dir}/.removed-half-01234567/_data`, { recursive: true });
  rmSync(`${dir}/half`, { recursive: true });
  const names = (await (await open()).list({})).Volumes?.map(({ Name, Labels }) => [Name, Labels]);
  assert.deepEqual(names, [
    ['kept', { a: 'b' }],
    ['foreign', null],
  ]);
  assert.equal(existsSync(`${dir}/.removed-half-01234567`), false);
});

test('list filters', async (t) => {
  const { open } = createFixture(t);
  const volumes = await open();
  await volumes.create({ Name: 'web_data', Labels: { env: 'prod', tier: '1' } });
  await volumes.create({ Name: 'db_data', Labels: { env: 'dev' } });
  volumes.acquire('web_data', 'c1');
  for (const [filters, expected] of [
    [{}, ['web_data', 'db_data']],
    [{ name: ['data'] }, ['web_data', 'db_data']],
    [{ name: ['^db'] }, ['db_data']],
    [{ name: ['nope'] }, []],
    [{ label: ['env'] }, ['web_data', 'db_data']],
    [{ label: ['env=prod', 'tier'] }, ['web_data']],
    [{ label: ['env=prod', 'constructor'] }, []],
    [{ dangling: ['true'] }, ['db_data']],
    [{ dangling: ['0'] }, ['web_data']],
    [{ driver: ['local'] }, ['web_data', 'db_data']],
    [{ driver: ['nfs'] }, []],
  ] as [Record<string, string[]>, string[]][]) {
    const { Volumes } = await volumes.list(filters);
    assert.deepEqual(
      Volumes?.map(({ Name }) => Name),
      expected,
      JSON.stringify(filters),
    );
  }
  await assert.rejects(volumes.list({ foo: ['x'] }), { message: "invalid filter 'foo'" });
  await assert.rejects(volumes.list({ dangling: ['x'] }), { message: "invalid filter 'dangling=[x]'" });
});

test('prune: anonymous ones, or all', async (t) => {
  const { open, events } = createFixture(t);
  const volumes = await open();
  await volumes.create({ Name: 'named', Labels: { keep: '1' } });
  await volumes.create({ Name: 'other' });
  const { Name = '', Mountpoint = '' } = await volumes.create({});
  writeFileSync(path.join(Mountpoint, 'x'), 'x'.repeat(1000));
  await volumes.create({ Name: 'used', isAnonymous: true });
  volumes.acquire('used', 'c1');
  assert.deepEqual(await volumes.prune({ foo: [] }).catch((error) => error.message), "invalid filter 'foo'");
  assert.deepEqual(await volumes.prune({}), { VolumesDeleted: [Name], SpaceReclaimed: 1000 });
  assert.equal(events.at(-1), 'prune  {"reclaimed":"1000"}');
  assert.deepEqual(await volumes.prune({}), { VolumesDeleted: null, SpaceReclaimed: 0 });
  assert.deepEqual((await volumes.prune({ all: ['true'], 'label!': ['keep'] })).VolumesDeleted, ['other']);
  assert.deepEqual((await volumes.prune({ all: ['1'], label: ['keep=1'] })).VolumesDeleted, ['named']);
});

test('options are mounted for the first container and unmounted after the last', async (t) => {
  const { open, dir, mounts, events } = createFixture(t);
  const volumes = await open();
  await volumes.create({ Name: 'hv1', DriverOpts: { type: 'none', device: '/srv', o: 'bind,size=1' } });
  const target = await volumes.mountpoint('hv1', 'c1', { destination: '/x', isWritable: true });
  await volumes.mountpoint('hv1', 'c2');
  assert.deepEqual(mounts, [`/srv ${dir}/hv1/_data none 4096 size=1`]);
  assert.equal(target, `${dir}/hv1/_data`);
  assert.equal(
    events.at(-1),
    'mount hv1 {"driver":"local","container":"c1","destination":"/x","propagation":"","read/write":"true"}',
  );
  await volumes.unmount('hv1', 'c1');
  assert.equal(mounts.length, 1);
  await volumes.unmount('hv1', 'c2');
  await volumes.unmount('hv1', 'c2');
  assert.deepEqual(mounts, []);
  assert.equal(events.at(-1), 'unmount hv1 {"driver":"local","container":"c2"}');
});

test('an empty volume is filled from the image, with owner and mode of the folder', async (t) => {
  const { open, dir } = createFixture(t);
  const volumes = await open();
  const { Mountpoint = '' } = await volumes.create({ Name: 'hv1' });
  const image = path.join(dir, '..', 'image');
  mkdirSync(`${image}/data/sub`, { recursive: true });
  writeFileSync(`${image}/data/sub/f`, 'from the image');
  chmodSync(`${image}/data`, 0o1770);
  await volumes.populate('hv1', image, '/absent');
  await volumes.populate('hv1', image, '/data/sub/f');
  assert.deepEqual(readdirSync(Mountpoint), []);
  await volumes.populate('hv1', image, '/data');
  assert.equal(readFileSync(`${Mountpoint}/sub/f`, 'utf8'), 'from the image');
  assert.equal(statSync(Mountpoint).mode & 0o7777, 0o1770);
  writeFileSync(`${Mountpoint}/sub/f`, 'mine');
  await volumes.populate('hv1', image, '/data');
  assert.equal(readFileSync(`${Mountpoint}/sub/f`, 'utf8'), 'mine');
});

test('mount options', () => {
  assert.deepEqual(parseMountOptions('ro,nosuid,size=1m,uid=5,rw'), { flags: 2, data: 'size=1m,uid=5' });
  assert.deepEqual(parseMountOptions('defaults'), { flags: 0, data: '' });
  assert.deepEqual(parseMountOptions('addr=1.2.3.4,nfsvers=4,constructor'), {
    flags: 0,
    data: 'addr=1.2.3.4,nfsvers=4,constructor',
  });
});

test('the same name from many at once is made once', async (t) => {
  const { open, events } = createFixture(t);
  const volumes = await open();
  await Promise.all(Array.from({ length: 50 }, () => volumes.create({ Name: 'same' })));
  assert.equal(events.length, 1);
});

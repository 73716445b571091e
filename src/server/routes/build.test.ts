import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BuildRequest } from '../../build/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import { openTestServer } from '../testing/test-server.ts';

const TAR = { 'Content-Type': 'application/x-tar' };
const encode = (value: unknown): string => encodeURIComponent(JSON.stringify(value));

test('every parameter is decoded', async () => {
  let got: Partial<BuildRequest> = {};
  let context = '';
  await using server = await openTestServer({
    builder: {
      build: async (request, emit) => {
        const { context: source, ...rest } = request;
        got = rest;
        context = Buffer.concat(await Array.fromAsync(source)).toString();
        await emit({ type: 'built', imageId: `sha256:${'a'.repeat(64)}` as never });
        return `sha256:${'a'.repeat(64)}` as never;
      },
    },
  });
  const query = [
    'dockerfile=a/Dockerfile&t=x:1&t=y&extrahosts=h:1.2.3.4,g:host-gateway&nocache=1&pull=1&rm=0&forcerm=1',
    'target=base&networkmode=none&memory=1048576&memswap=-1&cpushares=5&cpuperiod=6&cpuquota=7&cpusetcpus=0-1',
    'shmsize=67108864&squash=0&platform=linux/amd64&cgroupparent=/p',
    `buildargs=${encode({ A: '1', B: null, ['__proto__']: 'p' })}&labels=${encode({ l: 'v' })}&cachefrom=${encode(['c'])}`,
    `ulimits=${encode([{ Name: 'nofile', Soft: 1, Hard: 2 }])}`,
  ].join('&');
  const answer = await server.ask('POST', `/build?${query}`, { headers: TAR, body: 'the context' });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(context, 'the context');
  assert.deepEqual(Object.entries(got.buildArgs ?? {}), [
    ['A', '1'],
    ['B', null],
    ['__proto__', 'p'],
  ]);
  const { buildArgs: _, labels, ...rest } = got;
  assert.deepEqual({ ...labels }, { l: 'v' });
  assert.deepEqual(rest, {
    dockerfile: 'a/Dockerfile',
    tags: ['x:1', 'y'],
    quiet: false,
    noCache: true,
    pull: true,
    removeIntermediate: false,
    forceRemove: true,
    target: 'base',
    platform: 'linux/amd64',
    networkMode: 'none',
    extraHosts: ['h:1.2.3.4', 'g:host-gateway'],
    cacheFrom: ['c'],
    shmSizeBytes: 67_108_864,
    limits: {
      memoryBytes: 1_048_576,
      memorySwapBytes: -1,
      cpuShares: 5,
      cpuPeriod: 6,
      cpuQuota: 7,
      cpusetCpus: '0-1',
      cgroupParent: '/p',
      ulimits: [{ name: 'nofile', soft: 1, hard: 2 }],
    },
    hostCa: false,
    squash: false,
  });
});

test('what is not honoured is refused by name', async () => {
  await using server = await openTestServer({});
  const cases: [string, number, RegExp][] = [
    ['version=2', 501, /BuildKit is not supported yet by Berth: build with DOCKER_BUILDKIT=0/],
    [`securityopt=${encode(['a'])}`, 501, /build option securityopt is not supported yet by Berth/],
    ['outputs=%5B%7B%7D%5D', 501, /build option outputs is not supported yet by Berth/],
    ['buildargs=x', 400, /^error reading build args: invalid character 'x' looking for beginning of value$/],
    ['shmsize=a', 400, /^strconv\.ParseInt: parsing "a": invalid syntax$/],
  ];
  for (const [query, status, message] of cases) {
    const answer = await server.ask('POST', `/build?${query}`, { headers: TAR, body: '' });
    assert.equal(answer.status, status, query);
    assert.match((answer.json as { message: string }).message, message, query);
  }
});

test('a failure before the first step is an HTTP error', async () => {
  await using server = await openTestServer({
    builder: {
      build: async () => {
        throw invalidParameter('dockerfile-parse', 'dockerfile parse error on line 1: unknown instruction: FRO');
      },
    },
  });
  const { status, json } = await server.ask('POST', '/build', { headers: TAR, body: '' });
  assert.deepEqual([status, json], [400, { message: 'dockerfile parse error on line 1: unknown instruction: FRO' }]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSystem } from '../../system/index.ts';
import { openTestServer } from '../testing/test-server.ts';

const system = createSystem({
  engine: {
    version: '1',
    id: 'id',
    dataRoot: '/d',
    labels: [],
    isDebug: false,
    isLiveRestore: true,
    initBinary: 'tini',
  },
  runtime: { name: 'crun', path: '/usr/bin/crun', version: '1' },
  storage: { driver: 'overlay2', status: [] },
  containerCounts: () => ({ total: 0, running: 0, paused: 0, stopped: 0 }),
  imageCount: () => 0,
  loggingDriver: 'json-file',
  warnings: [],
  now: () => new Date(),
});

test('ping says what clients negotiate by, in both methods', async () => {
  await using server = await openTestServer({});
  for (const [method, text] of [
    ['GET', 'OK'],
    ['HEAD', ''],
  ] as const) {
    const answer = await server.ask(method, '/_ping');
    assert.deepEqual([answer.status, answer.text], [200, text]);
    assert.equal(answer.headers['content-length'], String(text.length));
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'no-cache, no-store, must-revalidate');
    assert.equal(answer.headers.pragma, 'no-cache');
    assert.equal(answer.headers.swarm, 'inactive');
    // No BuildKit here: clients that follow this build the classic way.
    assert.equal(answer.headers['builder-version'], '1');
  }
});

test('version and info have the described shape', async () => {
  await using server = await openTestServer({ system });
  assert.equal((await server.ask('GET', '/version')).status, 200);
  assert.equal((await server.ask('GET', '/info')).status, 200);
});

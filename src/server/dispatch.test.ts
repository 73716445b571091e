import assert from 'node:assert/strict';
import { test } from 'node:test';
import { conflict, EngineError, type ErrorKind, notFound } from '../errors/index.ts';
import { HTTP_STATUS } from './http-status.ts';
import { openTestServer } from './testing/test-server.ts';

const PAGE_NOT_FOUND = { message: 'page not found' };

test('every answer carries the engine’s headers, errors too', async () => {
  await using server = await openTestServer({});
  for (const path of [
    '/_ping',
    '/nope',
    '/v1.23/version',
    '/v1.99/version',
    '/swarm',
    '//x',
    '/images/json?filters=x',
  ]) {
    const { headers } = await server.ask('GET', path);
    assert.equal(headers['api-version'], '1.51', path);
    assert.equal(headers['docker-experimental'], 'false', path);
    assert.equal(headers.ostype, 'linux', path);
    assert.equal(headers.server, 'Berth/0.0.0 (linux)', path);
    assert.ok(headers.date, path);
  }
});

test('unknown paths and wrong methods are not found; unclean paths move', async () => {
  await using server = await openTestServer({});
  const notThere: [string, string][] = [
    ['GET', '/nope'],
    ['PUT', '/containers/json'],
    ['GET', '/v1.51'],
    ['GET', '/v0/x'],
    ['GET', '/v1.51/info/'],
    ['GET', '/containers/json/'],
    ['PATCH', '/info'],
  ];
  for (const [method, path] of notThere) {
    const { status, json } = await server.ask(method, path);
    assert.equal(status, 404, `${method} ${path}`);
    assert.deepEqual(json, PAGE_NOT_FOUND, `${method} ${path}`);
  }
  const head = await server.ask('HEAD', '/version');
  assert.equal(head.status, 404);
  const moved = await server.ask('GET', '//info?x=1');
  assert.equal(moved.status, 301);
  assert.equal(moved.headers.location, '/info?x=1');
  assert.equal((await server.ask('GET', '/v1.51/containers/%2e%2e%2f/json')).headers.location, '/v1.51/json');
  assert.equal((await server.ask('GET', '/%zz')).status, 400);
  assert.equal((await server.ask('OPTIONS', '/containers/json')).status, 200);
});

test('the version in the path is negotiated', async () => {
  await using server = await openTestServer({ system: { version: () => ({ Version: '0' }) } });
  for (const prefix of ['', '/v1.24', '/v1.40', '/v1.51']) {
    assert.equal((await server.ask('GET', `${prefix}/version`)).status, 200, prefix);
  }
  const old = await server.ask('GET', '/v1.23/version');
  assert.equal(old.status, 400);
  assert.equal(old.headers['content-type'], 'text/plain; charset=utf-8');
  assert.match(old.text, /^client version 1\.23 is too old\. Minimum supported API version is 1\.24, please upgrade/);
  const young = await server.ask('GET', '/v1.52/version');
  assert.equal(young.status, 400);
  assert.deepEqual(young.json, {
    message: 'client version 1.52 is too new. Maximum supported API version is 1.51',
  });
});

test('each kind of error has its status; what is our own fault is reported', async () => {
  for (const [kind, expected] of Object.entries(HTTP_STATUS)) {
    await using server = await openTestServer({
      containers: {
        inspect: async () => {
          throw new EngineError(kind as ErrorKind, `it is ${kind}`, { code: 'x' });
        },
      },
    });
    const { status, json } = await server.ask('GET', '/containers/x/json');
    assert.equal(status, expected, kind);
    assert.deepEqual(json, { message: `it is ${kind}` });
    assert.equal(server.faults.length, kind === 'system' || kind === 'no-space' ? 1 : 0, kind);
  }
});

test('a row that is not built says so, swarm rows say what dockerd outside a swarm says', async () => {
  await using server = await openTestServer({});
  const swarm =
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';
  const cases: [string, string, number, string][] = [
    ['POST', '/containers/x/update', 501, 'POST /containers/{id}/update is not supported yet by Berth'],
    ['GET', '/containers/x/stats', 501, 'GET /containers/{id}/stats is not supported yet by Berth'],
    ['POST', '/commit', 501, 'POST /commit is not supported yet by Berth'],
    ['POST', '/session', 501, 'BuildKit sessions are not supported yet by Berth: build with DOCKER_BUILDKIT=0'],
    ['POST', '/grpc', 501, 'the BuildKit API is not supported yet by Berth: build with DOCKER_BUILDKIT=0'],
    ['GET', '/swarm', 503, swarm],
    ['GET', '/services', 503, swarm],
    ['POST', '/secrets/x/update', 503, swarm],
    ['POST', '/swarm/leave', 503, 'This node is not part of a swarm'],
    ['PUT', '/volumes/x', 503, 'volume update only valid for cluster volumes, but swarm is unavailable'],
    ['GET', '/plugins/x/json', 404, 'plugin "x" not found'],
  ];
  for (const [method, path, status, message] of cases) {
    const answer = await server.ask(method, path);
    assert.deepEqual([answer.status, answer.json], [status, { message }], `${method} ${path}`);
  }
  assert.deepEqual((await server.ask('GET', '/plugins')).json, []);
});

test('names may hold slashes, encoded or not', async () => {
  const asked: string[] = [];
  await using server = await openTestServer({
    images: {
      inspect: async (name) => {
        asked.push(name);
        throw notFound('no-such-image', `No such image: ${name}`);
      },
    },
    containers: {
      inspect: async (id) => {
        asked.push(id);
        throw notFound('no-such-container', `No such container: ${id}`);
      },
    },
  });
  await server.ask('GET', '/images/a/b:1/json');
  await server.ask('GET', '/v1.51/images/r.io%2Fa%2Fb@sha256:00/json');
  await server.ask('GET', '/containers/a%2fb/json');
  await server.ask('GET', '/containers/%E2%82%AC/json');
  assert.deepEqual(asked, ['a/b:1', 'r.io/a/b@sha256:00', 'a/b', '€']);
});

test('an error never carries a stack, and 304 and 204 no body', async () => {
  await using server = await openTestServer({
    containers: {
      start: async () => false,
      stop: async () => true,
      kill: async () => {
        throw conflict('not-running', 'cannot kill container: x: container y is not running');
      },
    },
  });
  const started = await server.ask('POST', '/containers/x/start');
  assert.deepEqual([started.status, started.text, started.headers['content-length']], [304, '', undefined]);
  const stopped = await server.ask('POST', '/containers/x/stop');
  assert.deepEqual([stopped.status, stopped.text], [204, '']);
  const killed = await server.ask('POST', '/containers/x/kill');
  assert.equal(killed.text, '{"message":"cannot kill container: x: container y is not running"}\n');
});

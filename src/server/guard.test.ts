import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestServer } from './testing/test-server.ts';

// nothing that a web page can send may reach a handler.
const ENDPOINTS: [string, string][] = [
  ['GET', '/version'],
  ['GET', '/containers/json'],
  ['GET', '/events'],
  ['POST', '/containers/create'],
  ['POST', '/containers/x/start'],
  ['POST', '/containers/x/kill'],
  ['DELETE', '/containers/x'],
  ['POST', '/containers/x/attach'],
  ['POST', '/exec/x/start'],
  ['POST', '/build'],
  ['PUT', '/containers/x/archive?path=/'],
  ['OPTIONS', '/containers/create'],
];

const TCP = { isTcp: true, hosts: ['engine.example'] };

test('requests of web pages are refused on tcp, whatever they ask', async () => {
  const marks: Record<string, string>[] = [
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-origin' },
    { Host: 'evil.example' },
    { Host: 'evil.example:2375' },
    { Host: '127.0.0.1.evil.example' },
  ];
  await using server = await openTestServer({}, TCP);
  for (const headers of marks) {
    for (const [method, path] of ENDPOINTS) {
      const answer = await server.ask(method, path, { headers: { Host: 'localhost', ...headers } });
      assert.equal(answer.status, 403, `${method} ${path} ${JSON.stringify(headers)}`);
      const cors = Object.keys(answer.headers).filter((name) => name.startsWith('access-control-'));
      assert.deepEqual(cors, []);
    }
  }
  assert.match(await server.raw('GET /version HTTP/1.1\r\nHost: \r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 403 /);
  assert.deepEqual(server.faults, []);
});

test('honest hosts are served on tcp', async () => {
  await using server = await openTestServer({}, TCP);
  for (const host of ['localhost', 'LOCALHOST:2375', '127.0.0.1:2375', '[::1]:2375', 'engine.example:2376']) {
    assert.equal((await server.ask('GET', '/_ping', { headers: { Host: host } })).status, 200, host);
  }
  assert.equal(
    (await server.ask('GET', '/_ping', { headers: { 'Sec-Fetch-Site': 'none', Host: 'localhost' } })).status,
    200,
  );
});

test('a unix socket takes any host, as clients name it freely', async () => {
  await using server = await openTestServer({});
  for (const host of ['docker', 'api.moby.localhost', 'd', '%2Fvar%2Frun%2Fdocker.sock']) {
    assert.equal((await server.ask('GET', '/_ping', { headers: { Host: host } })).status, 200, host);
  }
});

test('a form or text body is no request for the API', async () => {
  await using server = await openTestServer({});
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
    for (const path of [
      '/containers/create',
      '/containers/x/exec',
      '/exec/x/start',
      '/volumes/create',
      '/networks/create',
    ]) {
      const answer = await server.ask('POST', path, { headers: { 'Content-Type': type }, body: '{"Image":"x"}' });
      assert.equal(answer.status, 400, `${path} ${type}`);
    }
  }
});

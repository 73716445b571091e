import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENDPOINTS, endpointKey } from '../api/index.ts';
import { parseTarget, route } from './router.ts';

test('every row is reached by its own path', () => {
  for (const row of ENDPOINTS) {
    const path = row.path.replace(/\{\w+\}/g, 'some-name');
    assert.equal(route(row.method, path)?.key, endpointKey(row), `${row.method} ${path}`);
  }
});

test('fixed paths win, the longer pattern is asked first, names take slashes', () => {
  const cases: [string, string, string, Record<string, string>][] = [
    ['GET', '/containers/json', 'GET /containers/json', {}],
    ['POST', '/containers/create', 'POST /containers/create', {}],
    ['GET', '/images/a/b/c/json', 'GET /images/{name}/json', { name: 'a/b/c' }],
    ['DELETE', '/images/a/json', 'DELETE /images/{name}', { name: 'a/json' }],
    ['GET', '/containers/x/attach/ws', 'GET /containers/{id}/attach/ws', { id: 'x' }],
    [
      'DELETE',
      '/containers/x/checkpoints/y',
      'DELETE /containers/{id}/checkpoints/{checkpoint}',
      { id: 'x', checkpoint: 'y' },
    ],
    ['GET', '/networks/', 'GET /networks/', {}],
    ['GET', '/images/a\nb/json', 'GET /images/{name}/json', { name: 'a\nb' }],
  ];
  for (const [method, path, key, params] of cases) {
    const match = route(method, path);
    assert.deepEqual([match?.key, match?.params], [key, params], path);
  }
});

test('targets are taken apart', () => {
  const cases: [string, unknown][] = [
    ['/v1.24/info?a=1', ['/info', '1.24', 'a=1']],
    ['/info', ['/info', undefined, '']],
    ['http://docker/v1.51/info', ['/info', '1.51', '']],
    ['/vx/info', ['/vx/info', undefined, '']],
    ['//info', 'moved to /info'],
    ['/a/./b?x', 'moved to /a/b?x'],
    ['/a/../../b/', 'moved to /b/'],
    ['*', undefined],
    ['http://docker', undefined],
    ['/%E0%A4%A', undefined],
  ];
  for (const [url, expected] of cases) {
    const target = parseTarget(url);
    const got =
      target === undefined
        ? undefined
        : 'moved' in target
          ? `moved to ${target.moved}`
          : [target.path, target.version, target.query.toString()];
    assert.deepEqual(got, expected, url);
  }
});

test('no path makes the router slow', () => {
  const started = performance.now();
  for (const text of ['/a'.repeat(200_000), '/json'.repeat(100_000), `/${'x'.repeat(500_000)}/jso`]) {
    for (const method of ['GET', 'POST', 'DELETE']) {
      route(method, `/images${text}`);
      route(method, `/containers${text}`);
    }
  }
  assert.ok(performance.now() - started < 1000);
});

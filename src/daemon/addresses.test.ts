import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resolveAddress } from './addresses.ts';

const noLookup = async (): Promise<string[]> => assert.fail('no name to look up');

test('addresses are understood', async () => {
  const cases: [string, object][] = [
    ['unix:///run/x.sock', { kind: 'unix', path: '/run/x.sock' }],
    ['fd://', { kind: 'fd', selector: '' }],
    ['tcp://127.0.0.1', { kind: 'tcp', host: '127.0.0.1', port: 2375, name: '127.0.0.1' }],
    ['tcp://', { kind: 'tcp', host: '127.0.0.1', port: 2375, name: '127.0.0.1' }],
    ['tcp://[::1]:99', { kind: 'tcp', host: '::1', port: 99, name: '::1' }],
    ['tcp://127.9.9.9:0/', { kind: 'tcp', host: '127.9.9.9', port: 0, name: '127.9.9.9' }],
  ];
  for (const [text, expected] of cases)
    assert.deepEqual(await resolveAddress(text, undefined, noLookup), expected, text);
});

test('nonsense is refused', async () => {
  const cases = [
    '',
    '/run/x',
    'unix://x',
    `unix:///${'a'.repeat(120)}`,
    'npipe://x',
    'tcp://a:b',
    'tcp://127.0.0.1:70000',
    'tcp://1:2:3',
    'http://x',
  ];
  for (const text of cases) {
    await assert.rejects(
      resolveAddress(text, undefined, async () => ['127.0.0.1']),
      /invalid bind address/,
      text,
    );
  }
});

// whoever reaches the API is root here.
test('tcp that others can reach needs mutual TLS', async () => {
  const names: Record<string, string[]> = {
    localhost: ['127.0.0.1', '::1'],
    outside: ['192.0.2.1'],
    mixed: ['127.0.0.1', '192.0.2.1'],
    nowhere: [],
  };
  const resolve = async (name: string): Promise<string[]> => names[name] ?? [];
  const open = [
    'tcp://0.0.0.0:2375',
    'tcp://[::]:2375',
    'tcp://192.0.2.1',
    'tcp://outside:1',
    'tcp://mixed:1',
    'tcp://[::ffff:192.0.2.1]:1',
  ];
  for (const tls of [undefined, { isMutual: false }]) {
    for (const text of open) await assert.rejects(resolveAddress(text, tls, resolve), /refusing to listen/, text);
    await assert.rejects(resolveAddress('tcp://nowhere:1', tls, resolve), /no such host/);
    assert.deepEqual(await resolveAddress('tcp://localhost:1', tls, resolve), {
      kind: 'tcp',
      host: '127.0.0.1',
      port: 1,
      name: 'localhost',
    });
  }
  for (const text of open) assert.equal((await resolveAddress(text, { isMutual: true }, resolve)).kind, 'tcp', text);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortMap } from '../../api/index.ts';
import { PortAllocator } from './port-allocator.ts';
import { rulesOf } from './publish.ts';
import { wantedPorts } from './wanted-ports.ts';

const show = (exposedPorts: string[], portBindings: PortMap, publishAllPorts = false) => {
  const { published, exposedOnly } = wantedPorts({ exposedPorts, portBindings, publishAllPorts });
  const list = published.map(
    (each) => `${each.hostIp}:${each.first}-${each.last}->${each.containerPort}/${each.protocol}`,
  );
  return [...list, ...exposedOnly];
};

test('what -p, -P and EXPOSE ask for', () => {
  const cases: [string[], PortMap, boolean, string[]][] = [
    [['80/tcp'], {}, false, ['80/tcp']],
    [['80/tcp', '81-82'], {}, true, [':0-0->80/tcp', ':0-0->81/tcp', ':0-0->82/tcp']],
    [['80/tcp'], { '80/tcp': [{ HostPort: '8080' }] }, true, [':8080-8080->80/tcp']],
    [[], { '80': [{ HostIp: '::1', HostPort: '90-92' }] }, false, ['::1:90-92->80/tcp']],
    [
      [],
      { '53/udp': [{}, { HostIp: '127.0.0.1', HostPort: '53' }] },
      false,
      [':0-0->53/udp', '127.0.0.1:53-53->53/udp'],
    ],
    [[], { '80/tcp': null }, false, ['80/tcp']],
  ];
  for (const [exposed, bindings, all, expected] of cases) assert.deepEqual(show(exposed, bindings, all), expected);
});

test('bad ports are refused', () => {
  for (const port of ['0/tcp', '65536/tcp', 'x', '80/', '9-8/tcp', '80/icmp']) {
    assert.throws(() => show([], { [port]: [{}] }), { kind: 'invalid-parameter' }, port);
  }
  for (const HostPort of ['65536', '-1', '9-8', '80; drop']) {
    assert.throws(() => show([], { '80/tcp': [{ HostPort }] }), { kind: 'invalid-parameter' }, HostPort);
  }
  assert.throws(() => show([], { '80/sctp': [{}] }), { kind: 'not-implemented' });
});

test('a wildcard collides with every address of its family', () => {
  const cases: [string[], string[], string | undefined][] = [
    [['0.0.0.0', '::'], ['127.0.0.1'], '127.0.0.1'],
    [['127.0.0.1'], ['0.0.0.0', '::'], '0.0.0.0'],
    [['127.0.0.1'], ['127.0.0.2'], undefined],
    [['0.0.0.0'], ['::'], undefined],
    [['::'], ['::1'], '::1'],
  ];
  for (const [first, second, expected] of cases) {
    const ports = new PortAllocator([40_000, 40_001]);
    assert.equal(ports.take('tcp', 80, first), undefined);
    assert.equal(ports.take('tcp', 80, second), expected, `${first} ${second}`);
    assert.equal(ports.take('udp', 80, second), undefined);
    if (expected === undefined) ports.release('tcp', 80, second);
    ports.release('tcp', 80, first);
    assert.equal(ports.take('tcp', 80, second), undefined);
  }
});

test('ephemeral ports go round', () => {
  const ports = new PortAllocator([40_000, 40_002]);
  assert.equal(ports.ephemeral().next().value, 40_000);
  assert.deepEqual([...ports.ephemeral()], [40_001, 40_002, 40_000]);
});

test('firewall rules are for v4 addresses only', () => {
  const ports = {
    '80/tcp': [
      { HostIp: '0.0.0.0', HostPort: '8080' },
      { HostIp: '::', HostPort: '8080' },
    ],
    '9/tcp': null,
  };
  assert.deepEqual(rulesOf(ports, '10.0.0.2'), [
    { protocol: 'tcp', hostIp: undefined, hostPort: 8080, containerIp: '10.0.0.2', containerPort: 80 },
  ]);
});

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { change, inNetworkNamespace, Netlink, openNftables } from '../host/index.ts';
import type { Sandbox } from './contract.ts';
import { neighbourFixture } from './neighbour.fixture.ts';
import { NEEDS_ROOT, networksFixture, sandboxRequest } from './networks.fixture.ts';
import { dial, serve } from './traffic.fixture.ts';

const pathOf = (sandbox: Sandbox): string => sandbox.netnsPath ?? assert.fail('no namespace');
const ipOf = (sandbox: Sandbox): string => sandbox.networks['bridge']?.IPAddress ?? assert.fail('no address');
const isRefused = (answer: string): void => assert.match(answer, /^(timeout|E[A-Z]+)$/);

const PORTS = { tcp: 80, udp: 53 } as const;

test('N-01: what is published on 127.0.0.1 is for this host alone', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const web = await networks.open(
    sandboxRequest('web', {
      portBindings: { '80/tcp': [{ HostIp: '127.0.0.1' }], '53/udp': [{ HostIp: '127.0.0.1' }] },
    }),
  );
  const subnet = (await networks.inspect('bridge')).IPAM?.Config?.[0]?.Subnet ?? '';
  await using attacker = neighbourFixture(fixture.root, [subnet]);
  for (const protocol of ['tcp', 'udp'] as const) {
    const hostPort = Number(web.ports[`${PORTS[protocol]}/${protocol}`]?.[0]?.HostPort);
    await using service = await serve(pathOf(web), protocol, PORTS[protocol]);
    isRefused(await dial(attacker.netns, protocol, '127.0.0.1', hostPort));
    isRefused(await dial(attacker.netns, protocol, attacker.hostIp, hostPort));
    isRefused(await dial(attacker.netns, protocol, ipOf(web), PORTS[protocol]));
    assert.deepEqual(service.hits, []);
    assert.match(await dial(undefined, protocol, '127.0.0.1', hostPort), /^hello /);
  }
});

test('N-02: what is not published cannot be reached by routing to it', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const web = await networks.open(
    sandboxRequest('web', { portBindings: { '81/tcp': [{}] }, exposedPorts: ['80/tcp'] }),
  );
  const subnet = (await networks.inspect('bridge')).IPAM?.Config?.[0]?.Subnet ?? '';
  await using attacker = neighbourFixture(fixture.root, [subnet]);
  await using published = await serve(pathOf(web), 'tcp', 81);
  await using tcp = await serve(pathOf(web), 'tcp', 80);
  await using udp = await serve(pathOf(web), 'udp', 53);
  isRefused(await dial(attacker.netns, 'tcp', ipOf(web), 80));
  isRefused(await dial(attacker.netns, 'udp', ipOf(web), 53));
  isRefused(await dial(attacker.netns, 'tcp', ipOf(web), 81));
  assert.deepEqual([tcp.hits, udp.hits, published.hits], [[], [], []]);

  const hostPort = Number(web.ports['81/tcp']?.[0]?.HostPort);
  assert.equal(
    await dial(attacker.netns, 'tcp', attacker.hostIp, hostPort),
    `hello ${attacker.ip}`,
    'N-11: the real client',
  );

  // The proof that the rules did it: without them the same packets arrive.
  const nft = openNftables();
  nft.run(`flush table inet ${fixture.table}`);
  nft.close();
  assert.match(await dial(attacker.netns, 'tcp', ipOf(web), 80), /^hello /);
});

test("containers reach out behind the host's address, beside an engine that drops what it forwards", {
  skip: NEEDS_ROOT,
}, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const inside = await networks.open(sandboxRequest('inside'));
  await using outside = neighbourFixture(fixture.root, []);
  await using tcp = await serve(outside.netns, 'tcp', 8080);
  await using udp = await serve(outside.netns, 'udp', 8081);
  assert.equal(await dial(pathOf(inside), 'tcp', outside.ip, 8080), `hello ${outside.hostIp}`);
  assert.equal(await dial(pathOf(inside), 'udp', outside.ip, 8081), `hello ${outside.hostIp}`);
  assert.equal(tcp.hits.length + udp.hits.length, 2);
});

test("a container cannot reach the host's own loopback", { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const bridge = (await networks.inspect('bridge')).IPAM?.Config?.[0]?.Gateway ?? '';
  const attacker = await networks.open(sandboxRequest('attacker'));
  await using secret = await serve(undefined, 'tcp', 7391, '127.0.0.1');
  inNetworkNamespace(pathOf(attacker), () => {
    using netlink = new Netlink();
    writeFileSync('/proc/sys/net/ipv4/conf/eth0/route_localnet', '1');
    netlink.apply(change.deleteAddress(1, '127.0.0.1', 8), change.addRoute(2, '127.0.0.0', 8, bridge));
  });
  isRefused(await dial(pathOf(attacker), 'tcp', '127.0.0.1', 7391));
  assert.deepEqual(secret.hits, []);
});

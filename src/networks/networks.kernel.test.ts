import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { inNetworkNamespace, Netlink, openNftables } from '../host/index.ts';
import type { Sandbox } from './contract.ts';
import { NEEDS_ROOT, networksFixture, sandboxRequest } from './networks.fixture.ts';
import { dial, serve } from './traffic.fixture.ts';

const publishing = (port: string, hostPort: string, hostIp = '') => ({
  portBindings: { [port]: [{ HostIp: hostIp, HostPort: hostPort }] },
});
const hostPortOf = (sandbox: Sandbox, port: string): number => Number(sandbox.ports[port]?.[0]?.HostPort);
const pathOf = (sandbox: Sandbox): string => sandbox.netnsPath ?? assert.fail('no namespace');
const ipOf = (sandbox: Sandbox): string => sandbox.networks['bridge']?.IPAddress ?? assert.fail('no address');
const hostAddress = (): string =>
  Object.values(networkInterfaces())
    .flat()
    .find((each) => each?.family === 'IPv4' && !each.internal && !each.address.startsWith('172.'))?.address ??
  assert.fail('no host address');

test('the three predefined networks look as dockerd shows them, and keep their ids', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const first = await fixture.start();
  const list = await first.list({});
  assert.deepEqual(
    list.map(({ Name, Driver }) => [Name, Driver]),
    [
      ['bridge', 'bridge'],
      ['host', 'host'],
      ['none', 'null'],
    ],
  );
  const bridge = await first.inspect('bridge');
  assert.deepEqual(bridge.Options, {
    'com.docker.network.bridge.default_bridge': 'true',
    'com.docker.network.bridge.enable_icc': 'true',
    'com.docker.network.bridge.enable_ip_masquerade': 'true',
    'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0',
    'com.docker.network.bridge.name': fixture.device,
    'com.docker.network.driver.mtu': '1500',
  });
  await assert.rejects(first.remove('bridge'), {
    message: 'bridge is a pre-defined network and cannot be removed',
    kind: 'forbidden',
  });
  await assert.rejects(first.remove('nope'), { message: 'network nope not found', kind: 'not-found' });
  await assert.rejects(first.create({}), { kind: 'not-implemented' });
  await assert.rejects(first.list({ foo: ['x'] }), { message: "invalid filter 'foo'", kind: 'invalid-parameter' });
  await first.shutdown();
  const second = await fixture.start();
  assert.deepEqual(
    (await second.list({})).map(({ Id }) => Id),
    list.map(({ Id }) => Id),
  );
  assert.equal((await second.inspect(String(bridge.Id).slice(0, 5))).Name, 'bridge');
});

test('a bridge container: addresses, sysctls, files, events', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const request = sandboxRequest('aaaabbbbcccc', {
    hostname: 'web',
    domainname: 'ex.org',
    extraHosts: ['gw:host-gateway'],
  });
  const sandbox = await networks.open(request);
  const settings = sandbox.networks['bridge'];
  assert.match(ipOf(sandbox), /\.0\.2$/);
  assert.match(settings?.MacAddress ?? '', /^02:42:/);
  const inside = inNetworkNamespace(pathOf(sandbox), () => {
    using netlink = new Netlink();
    const read = (path: string) => readFileSync(`/proc/sys/net/ipv6/conf/eth0/${path}`, 'utf8').trim();
    return {
      links: netlink.links(),
      addresses: netlink.addresses(),
      routes: netlink.routes(),
      v6: [read('disable_ipv6'), read('accept_ra')],
      inet6: readFileSync('/proc/thread-self/net/if_inet6', 'utf8'),
    };
  });
  assert.deepEqual(
    inside.links.map(({ name, isUp }) => [name, isUp]),
    [
      ['lo', true],
      ['eth0', true],
    ],
  );
  assert.equal(inside.links[1]?.mac, settings?.MacAddress);
  assert.deepEqual(
    inside.addresses.map(({ address }) => address),
    ['127.0.0.1', ipOf(sandbox)],
  );
  assert.ok(inside.routes.some(({ prefix }) => prefix === 0));
  assert.deepEqual(inside.v6, ['1', '0']);
  assert.doesNotMatch(inside.inet6, /eth0/);
  assert.ok(sandbox.files.hosts.endsWith(`${settings?.Gateway}\tgw\n${ipOf(sandbox)}\tweb.ex.org web\n`));
  assert.equal(sandbox.files.hostname, 'web\n');
  const member = (await networks.inspect('bridge')).Containers?.['aaaabbbbcccc'];
  assert.equal(member?.IPv4Address, `${ipOf(sandbox)}/16`);
  networks.rename('aaaabbbbcccc', '/other');
  assert.equal((await networks.inspect('bridge')).Containers?.['aaaabbbbcccc']?.Name, 'other');
  await networks.close('aaaabbbbcccc');
  await networks.close('aaaabbbbcccc');
  assert.deepEqual(
    fixture.events.map(({ action }) => action),
    ['connect', 'disconnect'],
  );
  assert.equal(existsSync(pathOf(sandbox)), false);
  const again = await networks.open(sandboxRequest('bbbb'));
  assert.notEqual(ipOf(again), ipOf(sandbox));
});

test('host and none', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const host = await networks.open(sandboxRequest('h', { mode: 'host', hostname: 'machine' }));
  assert.equal(host.netnsPath, undefined);
  assert.equal(host.files.hosts, readFileSync('/etc/hosts', 'utf8'));
  const none = await networks.open(sandboxRequest('n', { mode: 'none' }));
  const links = inNetworkNamespace(pathOf(none), () => {
    using netlink = new Netlink();
    return netlink.links();
  });
  assert.deepEqual(
    links.map(({ name, isUp }) => [name, isUp]),
    [['lo', true]],
  );
  assert.equal(none.networks['none']?.IPAddress, '');
  await assert.rejects(networks.open(sandboxRequest('x', { mode: 'nosuch' })), {
    message: 'failed to set up container networking: network nosuch not found',
  });
});

test('traffic: container, bridge, host, neighbour, beside another engine', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const [a, b] = await Promise.all([networks.open(sandboxRequest('a')), networks.open(sandboxRequest('b'))]);
  await using inA = await serve(pathOf(a), 'tcp', 7001);
  await using onHost = await serve(undefined, 'tcp', 7002, a.networks['bridge']?.Gateway);
  assert.equal(await dial(pathOf(b), 'tcp', ipOf(a), 7001), `hello ${ipOf(b)}`);
  assert.match(await dial(undefined, 'tcp', ipOf(a), 7001), /^hello /);
  assert.equal(await dial(pathOf(b), 'tcp', a.networks['bridge']?.Gateway ?? '', 7002), `hello ${ipOf(b)}`);
  assert.equal(inA.hits.length, 2);
  assert.equal(onHost.hits.length, 1);
});

test('published ports answer on loopback, host address, [::1], from a container and from itself', {
  skip: NEEDS_ROOT,
}, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const web = await networks.open(
    sandboxRequest('web', {
      portBindings: { '80/tcp': [{ HostIp: '', HostPort: '' }], '53/udp': [{}] },
      exposedPorts: ['80/tcp', '9/tcp'],
    }),
  );
  const other = await networks.open(sandboxRequest('other'));
  const [tcp, udp] = [hostPortOf(web, '80/tcp'), hostPortOf(web, '53/udp')];
  assert.ok(tcp >= 32_768 && udp >= 32_768);
  assert.deepEqual(web.ports['80/tcp'], [
    { HostIp: '0.0.0.0', HostPort: String(tcp) },
    { HostIp: '::', HostPort: String(tcp) },
  ]);
  assert.equal(web.ports['9/tcp'], null);
  await using service = await serve(pathOf(web), 'tcp', 80);
  await using datagrams = await serve(pathOf(web), 'udp', 53);
  for (const [protocol, port] of [
    ['tcp', tcp],
    ['udp', udp],
  ] as const) {
    for (const address of ['127.0.0.1', hostAddress(), '::1']) {
      assert.match(await dial(undefined, protocol, address, port), /^hello /, `${protocol} ${address}`);
    }
    for (const from of [other, web]) {
      assert.match(
        await dial(pathOf(from), protocol, hostAddress(), port),
        /^hello /,
        `${protocol} from ${ipOf(from)}`,
      );
    }
  }
  assert.equal(service.hits.length, 5);
  assert.equal(datagrams.hits.length, 5);
  await networks.close('web');
  assert.equal(await dial(undefined, 'tcp', '127.0.0.1', tcp), 'ECONNREFUSED');
});

test("N-09: a port in use is refused in Docker's words, and leaves nothing", { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const first = await networks.open(sandboxRequest('one', publishing('80/tcp', '')));
  const port = hostPortOf(first, '80/tcp');
  const taken = createServer().listen(0, '0.0.0.0');
  await new Promise((resolve) => taken.once('listening', resolve));
  const foreign = (taken.address() as { port: number }).port;
  const prefix =
    /^failed to set up container networking: driver failed programming external connectivity on endpoint name-two \([0-9a-f]{64}\): /;
  const cases: [string, string, RegExp][] = [
    [String(port), '', new RegExp(`Bind for 0\\.0\\.0\\.0:${port} failed: port is already allocated$`)],
    [String(port), '127.0.0.1', new RegExp(`Bind for 127\\.0\\.0\\.1:${port} failed: port is already allocated$`)],
    [
      String(foreign),
      '',
      new RegExp(`failed to bind host port for 0\\.0\\.0\\.0:${foreign}:[0-9.]+:80/tcp: address already in use$`),
    ],
    ['99', '8.8.8.8', /failed to bind host port for 8\.8\.8\.8:99:[0-9.]+:80\/tcp: cannot assign requested address$/],
  ];
  for (let round = 0; round < 25; round += 1) {
    for (const [hostPort, hostIp, text] of cases) {
      const failure = await networks.open(sandboxRequest('two', publishing('80/tcp', hostPort, hostIp))).then(
        () => assert.fail('opened'),
        (error: Error) => error,
      );
      assert.match(failure.message, prefix);
      assert.match(failure.message, text);
    }
  }
  taken.close();
  await assert.rejects(networks.open(sandboxRequest('two', publishing('80/sctp', '80'))), { kind: 'not-implemented' });
  assert.deepEqual(readdirSync(join(fixture.root, 'netns')), ['one']);
  await using service = await serve(pathOf(first), 'tcp', 80);
  assert.match(await dial(undefined, 'tcp', '127.0.0.1', port), /^hello /);
  await networks.close('one');
  const next = await networks.open(sandboxRequest('two', publishing('80/tcp', String(port))));
  assert.equal(hostPortOf(next, '80/tcp'), port);
  assert.ok(service);
});

test('24 at once all get their own address', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const all = await Promise.all(
    Array.from({ length: 24 }, (_, n) => networks.open(sandboxRequest(`c${n}`, publishing('80/tcp', '')))),
  );
  assert.equal(new Set(all.map(ipOf)).size, 24);
  assert.equal(new Set(all.map((each) => hostPortOf(each, '80/tcp'))).size, 24);
});

test('100 rounds leave no link, namespace, rule, mount or file descriptor', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  const round = async (n: number): Promise<void> => {
    const more = n % 4 === 0 ? publishing('80/tcp', '') : {};
    await networks.open(sandboxRequest(`r${n}`, more));
    await networks.close(`r${n}`);
  };
  await round(0);
  const count = () => ({
    fds: readdirSync('/proc/self/fd').length,
    mounts: readFileSync('/proc/self/mountinfo', 'utf8')
      .split('\n')
      .filter((line) => line.includes(fixture.root)).length,
    namespaces: readdirSync(join(fixture.root, 'netns')).length,
  });
  const start = count();
  for (let n = 0; n < 100; n += 1) await round(n);
  assert.deepEqual(count(), start);
  const nft = openNftables();
  for (const map of ['published_any', 'published_at']) {
    assert.doesNotMatch(JSON.stringify(nft.query(`list map inet ${fixture.table} ${map}`)), /"elem"/);
  }
  nft.close();
  await waitUntil(() => portsOf(fixture.device).length === 0);
});

test('a udp client that keeps its port reaches the next container', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  await using client = createSocket('udp4');
  const answers: string[] = [];
  client.on('message', (data) => answers.push(String(data)));
  const first = await networks.open(sandboxRequest('one', publishing('53/udp', '')));
  const port = hostPortOf(first, '53/udp');
  const ask = async (): Promise<void> => {
    const before = answers.length;
    for (let tries = 20; tries > 0 && answers.length === before; tries -= 1) {
      client.send('x', port, hostAddress());
      await sleep(50);
    }
    assert.notEqual(answers.length, before, 'no answer');
  };
  {
    await using service = await serve(pathOf(first), 'udp', 53);
    await ask();
    assert.ok(service);
  }
  await networks.close('one');
  const second = await networks.open(sandboxRequest('two', publishing('53/udp', String(port))));
  await using service = await serve(pathOf(second), 'udp', 53);
  await ask();
  assert.ok(service.hits.length > 0);
});

test('kill -9 of the daemon: the next one takes over its containers', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const source = `
    import { createNetworks } from ${JSON.stringify(new URL('./index.ts', import.meta.url).href)};
    import { memoryMetadata, sandboxRequest } from ${JSON.stringify(new URL('./networks.fixture.ts', import.meta.url).href)};
    const metadata = memoryMetadata();
    const [execRoot, bridgeName] = process.argv.slice(1);
    const networks = await createNetworks({ execRoot, metadata, events: { publish() {} }, now: Date.now, config: { bridgeName } });
    const kept = await networks.open(sandboxRequest('kept', { portBindings: { '80/tcp': [{}] } }));
    await networks.open(sandboxRequest('lost', { portBindings: { '81/tcp': [{ HostIp: '127.0.0.1' }] } }));
    process.stdout.write(JSON.stringify({ kept, rows: await metadata.load('networks') }));
    setInterval(() => {}, 1000);`;
  const daemon = spawn(process.execPath, ['--input-type=module', '-e', source, fixture.root, fixture.device], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [text] = await once(daemon.stdout, 'data');
  daemon.kill('SIGKILL');
  await once(daemon, 'exit');
  const { kept, rows } = JSON.parse(String(text)) as { kept: Sandbox; rows: { key: string; value: unknown }[] };
  await fixture.metadata.write(rows.map(({ key, value }) => ({ bucket: 'networks', key, put: value })));
  const port = hostPortOf(kept, '80/tcp');
  await using service = await serve(pathOf(kept), 'tcp', 80);
  assert.match(await dial(undefined, 'tcp', '127.0.0.1', port), /^hello /, 'rules work without a daemon');
  const networks = await fixture.start();
  await networks.restore(sandboxRequest('kept', { portBindings: { '80/tcp': [{}] } }), kept);
  await networks.sweep(new Set(['kept']));
  assert.match(await dial(undefined, 'tcp', '::1', port), /^hello /, 'the sockets are back');
  assert.deepEqual(readdirSync(join(fixture.root, 'netns')), ['kept']);
  await waitUntil(() => portsOf(fixture.device).length === 1);
  const nft = openNftables();
  assert.match(JSON.stringify(nft.query(`list map inet ${fixture.table} published_any`)), /"elem"/);
  assert.doesNotMatch(JSON.stringify(nft.query(`list map inet ${fixture.table} published_at`)), /"elem"/);
  nft.close();
  assert.ok(service);
});

test('a restarted daemon takes over: addresses, ports, rules; the rest is swept', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const first = await fixture.start();
  const request = sandboxRequest('kept', publishing('80/tcp', '', '127.0.0.1'));
  const kept = await first.open(request);
  await first.open(sandboxRequest('orphan', publishing('80/tcp', '')));
  const port = hostPortOf(kept, '80/tcp');
  await using service = await serve(pathOf(kept), 'tcp', 80);
  // As after kill -9: the sockets are gone, everything else is as it was.
  await first.shutdown();
  assert.match(await dial(undefined, 'tcp', '127.0.0.1', port), /^hello /, 'served while no daemon runs');
  const second = await fixture.start();
  assert.match(await dial(undefined, 'tcp', '127.0.0.1', port), /^hello /, 'served while the daemon starts');
  await second.restore(request, kept);
  await second.sweep(new Set(['kept']));
  assert.deepEqual(readdirSync(join(fixture.root, 'netns')), ['kept']);
  await waitUntil(() => portsOf(fixture.device).length === 1);
  assert.match(await dial(undefined, 'tcp', '127.0.0.1', port), /^hello /);
  await assert.rejects(
    second.open(sandboxRequest('thief', publishing('80/tcp', String(port)))),
    /port is already allocated/,
  );
  const fresh = await second.open(sandboxRequest('fresh'));
  assert.notEqual(ipOf(fresh), ipOf(kept));
  assert.equal((await second.inspect('bridge')).Containers?.['kept']?.IPv4Address, `${ipOf(kept)}/16`);
  await second.close('kept');
  assert.deepEqual(fixture.warnings, []);
  assert.ok(service);
});

test('a stop with nothing running leaves the host as it was', { skip: NEEDS_ROOT }, async () => {
  await using fixture = await networksFixture();
  const networks = await fixture.start();
  await networks.open(sandboxRequest('x'));
  await networks.close('x');
  await networks.shutdown();
  using netlink = new Netlink();
  assert.equal(
    netlink.links().some(({ name }) => name === fixture.device),
    false,
  );
  const nft = openNftables();
  assert.doesNotMatch(JSON.stringify(nft.query('list tables')), new RegExp(fixture.table));
  assert.doesNotMatch(JSON.stringify(nft.query('list chains')), new RegExp(fixture.device));
  nft.close();
  await fixture.start();
});

function portsOf(device: string): string[] {
  using netlink = new Netlink();
  const links = netlink.links();
  const bridge = links.find(({ name }) => name === device);
  return links.filter(({ master }) => master === bridge?.index).map(({ name }) => name);
}

async function waitUntil(isTrue: () => boolean): Promise<void> {
  for (let tries = 100; tries > 0; tries -= 1) {
    if (isTrue()) return;
    await sleep(50);
  }
  assert.fail('did not come true in 5 s');
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderAccepts, renderRemovals } from './foreign-forward.ts';
import { type PortRule, renderPorts, renderTable } from './ruleset.ts';

const bridge = { device: 'berth0', subnet: '172.18.0.0/16', gateway: '172.18.0.1' };

test('the table, rule by rule', () => {
  const rules = renderTable('berth', [bridge], { didEnableForwarding: false })
    .split('\n')
    .filter((line) => line.startsWith('add rule'))
    .map((line) => line.slice('add rule inet berth '.length));
  assert.deepEqual(rules, [
    'raw_prerouting iifname != "lo" ip daddr 127.0.0.0/8 drop',
    'prerouting iifname @bridges return',
    'prerouting ip daddr 127.0.0.0/8 return',
    'prerouting dnat ip to ip daddr . meta l4proto . th dport map @published_at',
    'output dnat ip to ip daddr . meta l4proto . th dport map @published_at',
    'prerouting fib daddr type local dnat ip to meta l4proto . th dport map @published_any',
    'output fib daddr type local dnat ip to meta l4proto . th dport map @published_any',
    'raw_prerouting iifname != "berth0" ip daddr 172.18.0.0/16 ip daddr != 172.18.0.1 drop',
    'forward oifname "berth0" ct state established,related accept',
    'forward oifname "berth0" iifname "berth0" accept',
    'forward oifname "berth0" ct status dnat accept',
    'forward oifname "berth0" drop',
    'postrouting oifname "berth0" ip saddr 127.0.0.0/8 masquerade',
    'postrouting ip saddr 172.18.0.0/16 oifname != "berth0" masquerade',
  ]);
  assert.match(
    renderTable('berth', [bridge], { didEnableForwarding: true }),
    /iifname != @bridges oifname != @bridges/,
  );
});

test('N-07: a device name that means something to nftables never reaches it', () => {
  for (const device of ['a"; flush ruleset', 'x\ny', '@bridges', 'a b', '', '../x', 'abcdefghijklmnop', '*']) {
    assert.throws(() => renderTable('berth', [{ ...bridge, device }], { didEnableForwarding: false }), RangeError);
  }
});

test('ports', () => {
  const any: PortRule = {
    protocol: 'tcp',
    hostIp: undefined,
    hostPort: 80,
    containerIp: '172.18.0.2',
    containerPort: 8080,
  };
  const one: PortRule = { ...any, protocol: 'udp', hostIp: '127.0.0.1' };
  assert.equal(
    renderPorts('add', 'berth', [any, one]),
    'add element inet berth published_any { tcp . 80 : 172.18.0.2 . 8080 }\n' +
      'add element inet berth published_at { 127.0.0.1 . udp . 80 : 172.18.0.2 . 8080 }\n',
  );
  assert.equal(renderPorts('delete', 'berth', [any]), 'delete element inet berth published_any { tcp . 80 }\n');
});

test("accept rules in other tables: once, after the administrator's own chain", () => {
  const chain = { family: 'ip', table: 'filter', name: 'FORWARD', afterHandle: 7, ours: [] };
  const out = 'oifname "berth0" counter accept comment "berth:berth0"\n';
  const back = 'iifname "berth0" counter accept comment "berth:berth0"\n';
  assert.equal(
    renderAccepts([chain], 'berth0'),
    `add rule ip filter FORWARD handle 7 ${out}add rule ip filter FORWARD handle 7 ${back}`,
  );
  assert.equal(
    renderAccepts([{ ...chain, afterHandle: undefined, ours: [3] }], 'berth0'),
    `delete rule ip filter FORWARD handle 3\ninsert rule ip filter FORWARD ${out}insert rule ip filter FORWARD ${back}`,
  );
  assert.equal(renderAccepts([{ ...chain, ours: [3, 4] }], 'berth0'), '');
  assert.equal(
    renderRemovals([{ ...chain, ours: [3, 4] }]),
    'delete rule ip filter FORWARD handle 3\ndelete rule ip filter FORWARD handle 4\n',
  );
});

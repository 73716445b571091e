import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AddressPool } from './address-pool.ts';
import { chooseSubnet, DEFAULT_POOLS } from './choose-subnet.ts';
import { formatSubnet, overlaps, parseCidr, parseIpv4, type Subnet } from './subnet.ts';

const cidr = (text: string): Subnet => {
  const parsed = parseCidr(text);
  assert.ok(parsed, text);
  return parsed.subnet;
};

test('addresses and subnets are parsed strictly', () => {
  for (const bad of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'a.b.c.d', '1.2.3.4/8', '-1.2.3.4', '::1']) {
    assert.equal(parseIpv4(bad), undefined, bad);
  }
  for (const bad of ['1.2.3.4', '1.2.3.4/33', '1.2.3.4/', '1.2.3.4/8/9', '/8'])
    assert.equal(parseCidr(bad), undefined, bad);
  assert.equal(formatSubnet(cidr('172.18.5.9/16')), '172.18.0.0/16');
  assert.equal(formatSubnet(cidr('255.255.255.255/32')), '255.255.255.255/32');
});

test('overlap', () => {
  const cases: [string, string, boolean][] = [
    ['10.0.0.0/8', '10.255.0.0/16', true],
    ['10.0.0.0/16', '10.1.0.0/16', false],
    ['0.0.0.0/0', '1.2.3.4/32', true],
    ['192.168.0.0/20', '192.168.16.0/20', false],
  ];
  for (const [a, b, expected] of cases) {
    assert.equal(overlaps(cidr(a), cidr(b)), expected, `${a} ${b}`);
    assert.equal(overlaps(cidr(b), cidr(a)), expected, `${b} ${a}`);
  }
});

test('the first free subnet is chosen', () => {
  const cases: [string[], string][] = [
    [[], '172.17.0.0/16'],
    [['172.17.0.1/32'], '172.18.0.0/16'],
    [['172.16.0.0/12'], '192.168.0.0/20'],
    [['172.16.0.0/12', '192.168.0.0/18'], '192.168.64.0/20'],
  ];
  for (const [taken, expected] of cases) {
    assert.equal(formatSubnet(chooseSubnet(DEFAULT_POOLS, taken.map(cidr))), expected);
  }
  assert.throws(() => chooseSubnet(DEFAULT_POOLS, [cidr('0.0.0.0/0')]), /fully subnetted/);
  assert.throws(() => chooseSubnet([{ base: 'x', size: 16 }], []), /invalid default address pool/);
});

test('a freed address is the last to be used again', () => {
  const subnet = cidr('10.0.0.0/29');
  const pool = new AddressPool(subnet, subnet.base + 1);
  assert.equal(pool.allocate(), '10.0.0.2');
  pool.release('10.0.0.2');
  const rest = [pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate(), pool.allocate()];
  assert.deepEqual(rest, ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.2']);
  assert.throws(() => pool.allocate(), /no available IPv4 addresses/);
  pool.release('10.0.0.4');
  assert.equal(pool.allocate(), '10.0.0.4');
});

test('an adopted address is not given out', () => {
  const subnet = cidr('10.0.0.0/24');
  const pool = new AddressPool(subnet, subnet.base + 1);
  assert.equal(pool.adopt('10.0.0.2'), true);
  assert.equal(pool.adopt('10.0.1.2'), false);
  assert.equal(pool.allocate(), '10.0.0.3');
});

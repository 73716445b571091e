import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attribute, ipv4Bytes, macBytes, message, parseAttributes, parseMessages, u32 } from './netlink-message.ts';

test('messages and attributes are read back as they were written', () => {
  const body = Buffer.concat([attribute(3, Buffer.from('eth0\0')), attribute(4 | 0x8000, u32(1500))]);
  const datagram = Buffer.concat([message(16, 5, 7, body), message(3, 0, 8, Buffer.alloc(0))]);
  const [first, second] = [...parseMessages(datagram)];
  assert.deepEqual([first?.type, first?.flags, first?.sequence, second?.type, second?.sequence], [16, 5, 7, 3, 8]);
  const attributes = parseAttributes(first?.body ?? Buffer.alloc(0), 0);
  assert.equal(attributes.get(3)?.toString(), 'eth0\0');
  assert.equal(attributes.get(4)?.readUInt32LE(), 1500);
});

test('cut or lying lengths end the walk', () => {
  assert.deepEqual([...parseMessages(message(16, 0, 1, u32(1)).subarray(0, 17))], []);
  assert.equal(parseAttributes(Buffer.from([2, 0, 1, 0, 0, 0, 0, 0]), 0).size, 0);
  assert.equal(parseAttributes(Buffer.from([255, 0, 1, 0]), 0).size, 0);
});

test('addresses', () => {
  assert.deepEqual([...ipv4Bytes('172.18.0.1')], [172, 18, 0, 1]);
  assert.equal(macBytes('02:42:AC:12:00:02').toString('hex'), '0242ac120002');
  for (const bad of ['1.2.3', '1.2.3.256', 'a.b.c.d']) assert.throws(() => ipv4Bytes(bad), RangeError);
  for (const bad of ['02:42', '02:42:ac:12:00:0g', '0242ac120002']) assert.throws(() => macBytes(bad), RangeError);
});

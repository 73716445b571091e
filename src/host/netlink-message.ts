/** The wire format of rtnetlink(7): messages, attributes, and the few message bodies Berth needs. Pure. */

export const AF_INET = 2;

const HEADER = 16;
const align = (length: number): number => (length + 3) & ~3;

/** One attribute (`struct rtattr`): type, payload. Nested ones hold other attributes. */
export function attribute(type: number, payload: Buffer): Buffer {
  const buffer = Buffer.alloc(align(4 + payload.length));
  buffer.writeUInt16LE(4 + payload.length, 0);
  buffer.writeUInt16LE(type, 2);
  payload.copy(buffer, 4);
  return buffer;
}

export const u32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value >>> 0);
  return buffer;
};
export const u8 = (value: number): Buffer => Buffer.from([value]);
export const text = (value: string): Buffer => Buffer.from(`${value}\0`);
export const nested = (...children: Buffer[]): Buffer => Buffer.concat(children);

/** `struct nlmsghdr` in front of a body. */
export function message(type: number, flags: number, sequence: number, body: Buffer): Buffer {
  const buffer = Buffer.alloc(HEADER + align(body.length));
  buffer.writeUInt32LE(HEADER + body.length, 0);
  buffer.writeUInt16LE(type, 4);
  buffer.writeUInt16LE(flags, 6);
  buffer.writeUInt32LE(sequence, 8);
  body.copy(buffer, HEADER);
  return buffer;
}

/** `struct ifinfomsg` and attributes. `change` names the flags that `flags` sets. */
export function linkBody(index: number, flags: number, change: number, attributes: Buffer[]): Buffer {
  const head = Buffer.alloc(16);
  head.writeInt32LE(index, 4);
  head.writeUInt32LE(flags, 8);
  head.writeUInt32LE(change, 12);
  return Buffer.concat([head, ...attributes]);
}

/** `struct ifaddrmsg` and attributes. */
export function addressBody(family: number, prefix: number, index: number, attributes: Buffer[]): Buffer {
  const head = Buffer.alloc(8);
  head.writeUInt8(family, 0);
  head.writeUInt8(prefix, 1);
  head.writeUInt32LE(index, 4);
  return Buffer.concat([head, ...attributes]);
}

/** `struct rtmsg` of a unicast route in the main table. */
export function routeBody(family: number, prefix: number, attributes: Buffer[]): Buffer {
  const RT_TABLE_MAIN = 254;
  const RTPROT_BOOT = 3;
  const RTN_UNICAST = 1;
  const head = Buffer.from([family, prefix, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0]);
  return Buffer.concat([head, ...attributes]);
}

export interface ReceivedMessage {
  type: number;
  flags: number;
  sequence: number;
  body: Buffer;
}

/** The messages of one datagram from the kernel. */
export function* parseMessages(datagram: Buffer): Generator<ReceivedMessage> {
  let at = 0;
  while (at + HEADER <= datagram.length) {
    const length = datagram.readUInt32LE(at);
    if (length < HEADER || at + length > datagram.length) return;
    yield {
      type: datagram.readUInt16LE(at + 4),
      flags: datagram.readUInt16LE(at + 6),
      sequence: datagram.readUInt32LE(at + 8),
      body: datagram.subarray(at + HEADER, at + length),
    };
    at += align(length);
  }
}

/** The attributes in `buffer` from `offset` on, by type (the flag bits for nesting and byte order are taken off). */
export function parseAttributes(buffer: Buffer, offset: number): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  let at = offset;
  while (at + 4 <= buffer.length) {
    const length = buffer.readUInt16LE(at);
    if (length < 4 || at + length > buffer.length) break;
    found.set(buffer.readUInt16LE(at + 2) & 0x3fff, buffer.subarray(at + 4, at + length));
    at += align(length);
  }
  return found;
}

/** A dotted IPv4 address as its four bytes. @throws RangeError */
export function ipv4Bytes(address: string): Buffer {
  const parts = address.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) {
    throw new RangeError(`not an IPv4 address: ${address}`);
  }
  return Buffer.from(parts);
}

/** `02:42:ac:12:00:02` as its six bytes. @throws RangeError */
export function macBytes(address: string): Buffer {
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(address)) throw new RangeError(`not a MAC address: ${address}`);
  return Buffer.from(address.replaceAll(':', ''), 'hex');
}

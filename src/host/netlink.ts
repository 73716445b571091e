import { closeSync } from 'node:fs';
import { checked, HostError, native } from './libc.ts';
import {
  AF_INET,
  addressBody,
  attribute,
  ipv4Bytes,
  linkBody,
  macBytes,
  message,
  nested,
  parseAttributes,
  parseMessages,
  routeBody,
  text,
  u32,
} from './netlink-message.ts';

const socket = native('int socket(int domain, int type, int protocol)');
const send = native('long send(int fd, const void *data, size_t length, int flags)');
const recv = native('long recv(int fd, _Out_ uint8_t *data, size_t length, int flags)');
const setsockopt = native('int setsockopt(int fd, int level, int name, const void *value, uint32_t length)');
const ifNameToIndex = native('unsigned int if_nametoindex(const char *name)');

const AF_NETLINK = 16;
const SOCK_RAW_CLOEXEC = 3 | 0o2000000;
const NETLINK_ROUTE = 0;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUF = 8;
const RECEIVE_BYTES = 65_536;

const REQUEST = 1;
const ACK = 4;
const EXCL = 0x200;
const REPLACE = 0x100;
const CREATE = 0x400;
const DUMP = 0x300;

const EBADF = 9;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const RTM = {
  newLink: 16,
  delLink: 17,
  getLink: 18,
  newAddr: 20,
  delAddr: 21,
  getAddr: 22,
  newRoute: 24,
  getRoute: 26,
  delNeigh: 29,
};

const IFLA = { address: 1, ifname: 3, mtu: 4, master: 10, linkinfo: 18, nsFd: 28 };
const LINKINFO = { kind: 1, data: 2 };
const VETH_INFO_PEER = 1;
const IFA = { address: 1, local: 2, broadcast: 4 };
const RTA = { dst: 1, oif: 4, gateway: 5 };
const NDA_DST = 1;
const IFF_UP = 1;
const NESTED = 0x8000;

export interface Link {
  index: number;
  name: string;
  /** Index of the bridge it is a port of, 0 if of none. */
  master: number;
  isUp: boolean;
  mac: string;
  mtu: number;
  kind: string;
}

/** One change; made by the functions of `change`, applied by `Netlink.apply`. */
export interface NetlinkChange {
  what: string;
  type: number;
  flags: number;
  body: Buffer;
}

const linkinfo = (kind: string, ...data: Buffer[]): Buffer =>
  attribute(
    IFLA.linkinfo | NESTED,
    nested(
      attribute(LINKINFO.kind, Buffer.from(kind)),
      ...(data.length === 0 ? [] : [attribute(LINKINFO.data | NESTED, nested(...data))]),
    ),
  );

export interface VethSpec {
  /** The end that stays here. */
  name: string;
  master: number;
  mtu: number;
  peer: { name: string; mac: string; netnsFd: number };
}

export const change = {
  addBridge: (name: string, mac: string, mtu: number): NetlinkChange => ({
    what: `add bridge ${name}`,
    type: RTM.newLink,
    flags: CREATE | EXCL,
    body: linkBody(0, 0, 0, [
      attribute(IFLA.ifname, text(name)),
      attribute(IFLA.address, macBytes(mac)),
      attribute(IFLA.mtu, u32(mtu)),
      linkinfo('bridge'),
    ]),
  }),

  /** Both ends at once, the peer born in its namespace: moving a link between namespaces later costs milliseconds. */
  addVeth: ({ name, master, mtu, peer }: VethSpec): NetlinkChange => ({
    what: `add veth ${name}`,
    type: RTM.newLink,
    flags: CREATE | EXCL,
    body: linkBody(0, IFF_UP, IFF_UP, [
      attribute(IFLA.ifname, text(name)),
      attribute(IFLA.mtu, u32(mtu)),
      ...(master === 0 ? [] : [attribute(IFLA.master, u32(master))]),
      linkinfo(
        'veth',
        attribute(
          VETH_INFO_PEER | NESTED,
          linkBody(0, 0, 0, [
            attribute(IFLA.ifname, text(peer.name)),
            attribute(IFLA.address, macBytes(peer.mac)),
            attribute(IFLA.mtu, u32(mtu)),
            attribute(IFLA.nsFd, u32(peer.netnsFd)),
          ]),
        ),
      ),
    ]),
  }),

  setUp: (index: number): NetlinkChange => ({
    what: `set link ${index} up`,
    type: RTM.newLink,
    flags: 0,
    body: linkBody(index, IFF_UP, IFF_UP, []),
  }),

  setMaster: (index: number, master: number): NetlinkChange => ({
    what: `set master of link ${index}`,
    type: RTM.newLink,
    flags: 0,
    body: linkBody(index, 0, 0, [attribute(IFLA.master, u32(master))]),
  }),

  deleteLink: (name: string): NetlinkChange => ({
    what: `delete link ${name}`,
    type: RTM.delLink,
    flags: 0,
    body: linkBody(0, 0, 0, [attribute(IFLA.ifname, text(name))]),
  }),

  addAddress: (index: number, address: string, prefix: number, broadcast?: string): NetlinkChange => ({
    what: `add address ${address}/${prefix}`,
    type: RTM.newAddr,
    flags: CREATE | REPLACE,
    body: addressBody(AF_INET, prefix, index, [
      attribute(IFA.local, ipv4Bytes(address)),
      attribute(IFA.address, ipv4Bytes(address)),
      ...(broadcast === undefined ? [] : [attribute(IFA.broadcast, ipv4Bytes(broadcast))]),
    ]),
  }),

  deleteAddress: (index: number, address: string, prefix: number): NetlinkChange => ({
    what: `delete address ${address}/${prefix}`,
    type: RTM.delAddr,
    flags: 0,
    body: addressBody(AF_INET, prefix, index, [attribute(IFA.local, ipv4Bytes(address))]),
  }),

  addDefaultRoute: (index: number, gateway: string): NetlinkChange => ({
    what: `add default route by ${gateway}`,
    type: RTM.newRoute,
    flags: CREATE | EXCL,
    body: routeBody(AF_INET, 0, [attribute(RTA.gateway, ipv4Bytes(gateway)), attribute(RTA.oif, u32(index))]),
  }),

  addRoute: (index: number, subnet: string, prefix: number, gateway: string): NetlinkChange => ({
    what: `add route ${subnet}/${prefix} by ${gateway}`,
    type: RTM.newRoute,
    flags: CREATE | EXCL,
    body: routeBody(AF_INET, prefix, [
      attribute(RTA.dst, ipv4Bytes(subnet)),
      attribute(RTA.gateway, ipv4Bytes(gateway)),
      attribute(RTA.oif, u32(index)),
    ]),
  }),

  /** Forgets who had `address`, so that its next owner is asked for at once. */
  deleteNeighbour: (index: number, address: string): NetlinkChange => {
    const head = Buffer.alloc(12);
    head.writeUInt8(AF_INET, 0);
    head.writeInt32LE(index, 4);
    const body = Buffer.concat([head, attribute(NDA_DST, ipv4Bytes(address))]);
    return { what: `delete neighbour ${address}`, type: RTM.delNeigh, flags: 0, body };
  },
};

/**
 * A route socket (or one of another netlink protocol) of the network namespace it was opened in (it may be used from anywhere afterwards). The kernel does
 * the work inside `send`, so everything here is synchronous.
 */
export class Netlink implements Disposable {
  readonly #fd: number;
  readonly #buffer = Buffer.allocUnsafe(RECEIVE_BYTES);
  #sequence = 0;
  #isOpen = true;

  constructor(protocol = NETLINK_ROUTE) {
    this.#fd = checked(socket(AF_NETLINK, SOCK_RAW_CLOEXEC, protocol), 'socket', 'netlink');
    const timeout = Buffer.alloc(16);
    timeout.writeBigInt64LE(5n);
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVTIMEO, timeout, timeout.length);
    setsockopt(this.#fd, SOL_SOCKET, SO_RCVBUF, u32(1 << 20), 4);
  }

  /**
   * Applies all changes in order, in one system call. The kernel does not stop at a failed one: every later change is
   * tried too, and the first failure is thrown at the end.
   */
  apply(...changes: NetlinkChange[]): void {
    const failure = this.tryApply(...changes).find((each) => each !== undefined);
    if (failure !== undefined) throw failure;
  }

  /** Like apply, with each change's own outcome. */
  tryApply(...changes: NetlinkChange[]): (HostError | undefined)[] {
    const first = this.#sequence + 1;
    const messages = changes.map((each, n) => message(each.type, each.flags | REQUEST | ACK, first + n, each.body));
    this.#sequence += changes.length;
    this.#send(Buffer.concat(messages));
    const outcomes: (HostError | undefined)[] = changes.map(() => undefined);
    let open = changes.length;
    while (open > 0) {
      for (const answer of parseMessages(this.#receive())) {
        const at = answer.sequence - first;
        const asked = changes[at];
        if (answer.type !== NLMSG_ERROR || asked === undefined) continue;
        open -= 1;
        const errno = -answer.body.readInt32LE(0);
        if (errno !== 0) outcomes[at] = new HostError('netlink', errno, asked.what);
      }
    }
    return outcomes;
  }

  links(): Link[] {
    return [...this.#dump(RTM.getLink, linkBody(0, 0, 0, []))].map((body) => {
      const attributes = parseAttributes(body, 16);
      const info = attributes.get(IFLA.linkinfo);
      const kind = info === undefined ? undefined : parseAttributes(info, 0).get(LINKINFO.kind);
      return {
        index: body.readInt32LE(4),
        name: cString(attributes.get(IFLA.ifname)),
        master: attributes.get(IFLA.master)?.readUInt32LE() ?? 0,
        isUp: (body.readUInt32LE(8) & IFF_UP) !== 0,
        mac:
          attributes
            .get(IFLA.address)
            ?.toString('hex')
            .replace(/..(?=.)/g, '$&:') ?? '',
        mtu: attributes.get(IFLA.mtu)?.readUInt32LE() ?? 0,
        kind: cString(kind),
      };
    });
  }

  /** The IPv4 addresses of this namespace. */
  addresses(): { index: number; address: string; prefix: number }[] {
    return [...this.#dump(RTM.getAddr, addressBody(AF_INET, 0, 0, []))].map((body) => {
      const attributes = parseAttributes(body, 8);
      const local = attributes.get(IFA.local) ?? attributes.get(IFA.address);
      return { index: body.readUInt32LE(4), address: dotted(local), prefix: body.readUInt8(1) };
    });
  }

  /** The IPv4 routes of every table, as destinations. `index` is 0 where a route has no single device. */
  routes(): { index: number; destination: string; prefix: number }[] {
    return [...this.#dump(RTM.getRoute, routeBody(AF_INET, 0, []))].map((body) => {
      const attributes = parseAttributes(body, 12);
      return {
        index: attributes.get(RTA.oif)?.readUInt32LE() ?? 0,
        destination: dotted(attributes.get(RTA.dst)),
        prefix: body.readUInt8(1),
      };
    });
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) closeSync(this.#fd);
    this.#isOpen = false;
  }

  *#dump(type: number, body: Buffer): Generator<Buffer> {
    this.#sequence += 1;
    const sequence = this.#sequence;
    this.#send(message(type, REQUEST | DUMP, sequence, body));
    for (;;) {
      for (const answer of parseMessages(Buffer.from(this.#receive()))) {
        if (answer.sequence !== sequence) continue;
        if (answer.type === NLMSG_DONE) return;
        if (answer.type === NLMSG_ERROR) throw new HostError('netlink', -answer.body.readInt32LE(0), 'dump');
        yield answer.body;
      }
    }
  }

  #send(data: Buffer): void {
    // The number may be another file's by now.
    if (!this.#isOpen) throw new HostError('send', EBADF, 'netlink');
    checked(send(this.#fd, data, data.length, 0), 'send', 'netlink');
  }

  #receive(): Buffer {
    const length = checked(recv(this.#fd, this.#buffer, this.#buffer.length, 0), 'recv', 'netlink');
    return this.#buffer.subarray(0, length);
  }
}

/** The index of the interface `name` in the current namespace, or undefined. */
export function interfaceIndex(name: string): number | undefined {
  const index = ifNameToIndex(name);
  return index === 0 ? undefined : index;
}

const cString = (buffer: Buffer | undefined): string => buffer?.toString('latin1').replace(/\0.*$/, '') ?? '';
const dotted = (buffer: Buffer | undefined): string => (buffer === undefined ? '0.0.0.0' : [...buffer].join('.'));

import { closeSync, openSync, writeFileSync } from 'node:fs';
import { change, inNetworkNamespace, interfaceIndex, Netlink } from '../../host/index.ts';
import { MTU } from '../describe.ts';
import { broadcastAddress, formatIpv4, parseCidr, parseIpv4 } from '../ipam/subnet.ts';

export interface BridgeConfig {
  device: string;
  /** `172.18.0.0/16`. */
  subnet: string;
  gateway: string;
}

export interface BridgeEndpoint {
  id: string;
  ip: string;
  mac: string;
  /** The address was the user's choice: neighbours may remember another one for this IP. */
  hasOwnMac: boolean;
}

/** The host's end of an endpoint's pair: named after the endpoint, so that a restarted daemon knows it again. */
export const vethName = (endpointId: string): string => `veth${endpointId.slice(0, 7)}`;

/** An address made of the IP: its next owner has the same one, and no neighbour's table is ever wrong. */
export function macOf(ip: string): string {
  const bytes = ip.split('.').map((part) => Number(part).toString(16).padStart(2, '0'));
  return `02:42:${bytes.join(':')}`;
}

/** A Linux bridge and the pairs that hang containers on it. All synchronous: about 1.3 ms an endpoint. */
export class Bridge {
  readonly config: BridgeConfig;
  readonly prefix: number;
  readonly #broadcast: string;
  readonly #netlink: Netlink;

  constructor(config: BridgeConfig, netlink: Netlink) {
    const parsed = parseCidr(config.subnet);
    if (parsed === undefined) throw new RangeError(`not a subnet: ${config.subnet}`);
    this.config = config;
    this.prefix = parsed.subnet.prefix;
    this.#broadcast = formatIpv4(broadcastAddress(parsed.subnet));
    this.#netlink = netlink;
  }

  /** Makes the device what it should be, and gives its index. Idempotent. */
  ensure(): number {
    const { device, gateway } = this.config;
    if (interfaceIndex(device) === undefined) this.#netlink.apply(change.addBridge(device, macOf(gateway), MTU));
    const index = interfaceIndex(device);
    if (index === undefined) throw new Error(`bridge ${device} did not appear`);
    const stale = this.#netlink.addresses().filter((each) => each.index === index && each.address !== gateway);
    this.#netlink.apply(
      ...stale.map(({ address, prefix }) => change.deleteAddress(index, address, prefix)),
      change.addAddress(index, gateway, this.prefix, this.#broadcast),
    );
    setSysctl(`net/ipv6/conf/${device}/disable_ipv6`, '1');
    setSysctl(`net/ipv6/conf/${device}/accept_ra`, '0');
    // DNAT of 127.0.0.1 needs it. Safe beside the raw rule: nothing arrives from outside with a loopback destination.
    setSysctl(`net/ipv4/conf/${device}/route_localnet`, '1');
    this.#netlink.apply(change.setUp(index));
    return index;
  }

  /** Gives the namespace at `netnsPath` its eth0. The pair goes with the namespace; `detach` undoes a failed attach. */
  attach(netnsPath: string, endpoint: BridgeEndpoint): void {
    const master = interfaceIndex(this.config.device) ?? this.ensure();
    const fd = openSync(netnsPath, 'r');
    try {
      const peer = { name: 'eth0', mac: endpoint.mac, netnsFd: fd };
      this.#netlink.apply(change.addVeth({ name: vethName(endpoint.id), master, mtu: MTU, peer }));
    } finally {
      closeSync(fd);
    }
    inNetworkNamespace(netnsPath, () => {
      setSysctl('net/ipv6/conf/eth0/disable_ipv6', '1');
      setSysctl('net/ipv6/conf/eth0/accept_ra', '0');
      if (endpoint.hasOwnMac) setSysctl('net/ipv4/conf/eth0/arp_notify', '1');
      using inside = new Netlink();
      const eth0 = interfaceIndex('eth0') ?? 0;
      inside.apply(
        change.addAddress(eth0, endpoint.ip, this.prefix, this.#broadcast),
        change.setUp(eth0),
        change.addDefaultRoute(eth0, this.config.gateway),
      );
    });
  }

  /** Deletes a pair by its host end, if it is still there. Waits 10–40 ms for the kernel: not for the hot path. */
  detach(name: string): void {
    if (interfaceIndex(name) !== undefined) this.#netlink.tryApply(change.deleteLink(name));
  }

  /** The host ends that hang on the bridge. */
  ports(): string[] {
    const index = interfaceIndex(this.config.device);
    if (index === undefined) return [];
    return this.#netlink
      .links()
      .filter(({ master, kind }) => master === index && kind === 'veth')
      .map(({ name }) => name);
  }

  remove(): void {
    if (interfaceIndex(this.config.device) !== undefined) this.#netlink.apply(change.deleteLink(this.config.device));
  }
}

/** Everything up on loopback; run inside a new namespace. */
export function setLoopbackUp(): void {
  using inside = new Netlink();
  inside.apply(change.setUp(1));
}

/** Subnets of this host's interfaces and routes, but for those of `device`. */
export function hostSubnets(netlink: Netlink, device: string): string[] {
  const own = interfaceIndex(device);
  const addresses = netlink.addresses().filter(({ index }) => index !== own);
  const routes = netlink.routes().filter(({ index, prefix }) => index !== own && prefix > 0);
  return [
    ...addresses.map(({ address, prefix }) => `${address}/${prefix}`),
    ...routes.map(({ destination, prefix }) => `${destination}/${prefix}`),
  ].filter((each) => parseIpv4(each.split('/')[0] ?? '') !== undefined);
}

/** A host without IPv6 lacks these files: nothing to set then. */
function setSysctl(path: string, value: string): void {
  try {
    writeFileSync(`/proc/sys/${path}`, value);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

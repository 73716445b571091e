import { randomBytes } from 'node:crypto';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  change,
  createNetworkNamespace,
  inNetworkNamespace,
  interfaceIndex,
  Netlink,
  removeNetworkNamespace,
} from '../host/index.ts';

/** Another machine on the host's LAN, for all the kernel can tell: a namespace behind a pair of its own. */
export interface Neighbour extends AsyncDisposable {
  netns: string;
  ip: string;
  /** The host's address on that LAN. */
  hostIp: string;
}

/** `routes` are subnets (`172.18.0.0/16`) it sends to the host; loopback addresses are sent on the wire too. */
export function neighbourFixture(root: string, routes: readonly string[]): Neighbour {
  const tag = randomBytes(4).toString('hex');
  const [device, netns] = [`bn${tag}`, join(root, `neighbour-${tag}`)];
  const net = `10.${randomBytes(1)[0]}.${randomBytes(1)[0]}`;
  const [hostIp, ip] = [`${net}.1`, `${net}.2`];
  using netlink = new Netlink();
  createNetworkNamespace(netns, () => {});
  const fd = openSync(netns, 'r');
  netlink.apply(
    change.addVeth({
      name: device,
      master: 0,
      mtu: 1500,
      peer: { name: 'eth0', mac: `02:00:${tag.replace(/..(?=.)/g, '$&:')}`, netnsFd: fd },
    }),
  );
  closeSync(fd);
  netlink.apply(change.addAddress(interfaceIndex(device) ?? 0, hostIp, 24));
  inNetworkNamespace(netns, () => {
    using inside = new Netlink();
    const eth0 = interfaceIndex('eth0') ?? 0;
    inside.apply(change.addAddress(eth0, ip, 24), change.setUp(eth0));
    // Its lo stays down: so 127.0.0.0/8 is nothing special, and goes where the routes say.
    for (const name of ['all', 'eth0']) writeFileSync(`/proc/sys/net/ipv4/conf/${name}/route_localnet`, '1');
    for (const route of ['127.0.0.0/8', ...routes]) {
      const [subnet = '', prefix = ''] = route.split('/');
      inside.apply(change.addRoute(eth0, subnet, Number(prefix), hostIp));
    }
  });
  return {
    netns,
    ip,
    hostIp,
    async [Symbol.asyncDispose]() {
      using closing = new Netlink();
      closing.tryApply(change.deleteLink(device));
      removeNetworkNamespace(netns);
    },
  };
}

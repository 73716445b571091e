/**
 * The text of our nftables table. Everything put into it is a device name checked by `assertDeviceName` (and quoted), or
 * an address or number printed by us: no user's string ever gets near the parser (N-07).
 */

export interface BridgeRules {
  device: string;
  subnet: string;
  gateway: string;
}

/** A published port: traffic to `hostIp:hostPort` (any local address when undefined) goes to the container's. */
export interface PortRule {
  protocol: 'tcp' | 'udp';
  hostIp: string | undefined;
  hostPort: number;
  containerIp: string;
  containerPort: number;
}

const DEVICE = /^[A-Za-z][A-Za-z0-9_-]{0,14}$/;

/** @throws RangeError for a name that could mean something to nftables or is no interface name. */
export function assertDeviceName(name: string): string {
  if (!DEVICE.test(name)) throw new RangeError(`not a usable bridge name: ${JSON.stringify(name)}`);
  return name;
}

export const ANY_ADDRESS_MAP = 'published_any';
export const ONE_ADDRESS_MAP = 'published_at';
/** Marks the rule that keeps a host which forwards only because of us from becoming a router for others. */
export const FORWARDING_COMMENT = 'forwarding was enabled by berth';

const CHAINS: Record<string, string> = {
  raw_prerouting: 'type filter hook prerouting priority -300; policy accept;',
  prerouting: 'type nat hook prerouting priority -100; policy accept;',
  output: 'type nat hook output priority -100; policy accept;',
  forward: 'type filter hook forward priority 0; policy accept;',
  postrouting: 'type nat hook postrouting priority 100; policy accept;',
};

/**
 * The whole static rule set as one transaction that leaves the port maps as they are, so that a restarted daemon does
 * not interrupt anybody.
 *
 * - raw prerouting: what does not arrive on a bridge cannot be addressed to its containers directly (only DNAT, later,
 *   may rewrite it that way), and nothing from outside may be addressed to loopback. Static: an unpublished container
 *   needs no transaction of its own.
 * - DNAT leaves out what comes from our own bridges: the proxies' sockets serve that (hairpin, bridge to bridge).
 */
export function renderTable(
  table: string,
  bridges: readonly BridgeRules[],
  { didEnableForwarding }: { didEnableForwarding: boolean },
): string {
  const t = `inet ${table}`;
  const rules: [chain: string, rule: string][] = [['raw_prerouting', 'iifname != "lo" ip daddr 127.0.0.0/8 drop']];
  const dnat = [
    `dnat ip to ip daddr . meta l4proto . th dport map @${ONE_ADDRESS_MAP}`,
    `fib daddr type local dnat ip to meta l4proto . th dport map @${ANY_ADDRESS_MAP}`,
  ];
  rules.push(['prerouting', 'iifname @bridges return'], ['prerouting', 'ip daddr 127.0.0.0/8 return']);
  for (const rule of dnat) rules.push(['prerouting', rule], ['output', rule]);
  for (const { device, subnet, gateway } of bridges) {
    const name = `"${assertDeviceName(device)}"`;
    rules.push(
      ['raw_prerouting', `iifname != ${name} ip daddr ${subnet} ip daddr != ${gateway} drop`],
      ['forward', `oifname ${name} ct state established,related accept`],
      ['forward', `oifname ${name} iifname ${name} accept`],
      ['forward', `oifname ${name} ct status dnat accept`],
      ['forward', `oifname ${name} drop`],
      ['postrouting', `oifname ${name} ip saddr 127.0.0.0/8 masquerade`],
      ['postrouting', `ip saddr ${subnet} oifname != ${name} masquerade`],
    );
  }
  if (didEnableForwarding) {
    rules.push([
      'forward',
      `iifname != @bridges oifname != @bridges ct state new,invalid drop comment "${FORWARDING_COMMENT}"`,
    ]);
  }
  return [
    `add table ${t}`,
    `add set ${t} bridges { type ifname; }`,
    `flush set ${t} bridges`,
    ...bridges.map(({ device }) => `add element ${t} bridges { "${assertDeviceName(device)}" }`),
    `add map ${t} ${ANY_ADDRESS_MAP} { type inet_proto . inet_service : ipv4_addr . inet_service; }`,
    `add map ${t} ${ONE_ADDRESS_MAP} { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }`,
    ...Object.entries(CHAINS).map(([chain, hook]) => `add chain ${t} ${chain} { ${hook} }`),
    ...Object.keys(CHAINS).map((chain) => `flush chain ${t} ${chain}`),
    ...rules.map(([chain, rule]) => `add rule ${t} ${chain} ${rule}`),
    '',
  ].join('\n');
}

const key = ({ protocol, hostIp, hostPort }: Pick<PortRule, 'protocol' | 'hostIp' | 'hostPort'>): string =>
  hostIp === undefined ? `${protocol} . ${hostPort}` : `${hostIp} . ${protocol} . ${hostPort}`;

const mapOf = ({ hostIp }: Pick<PortRule, 'hostIp'>): string =>
  hostIp === undefined ? ANY_ADDRESS_MAP : ONE_ADDRESS_MAP;

export function renderPorts(verb: 'add' | 'delete', table: string, ports: readonly PortRule[]): string {
  return ports
    .map((port) => {
      const value = verb === 'add' ? ` : ${port.containerIp} . ${port.containerPort}` : '';
      return `${verb} element inet ${table} ${mapOf(port)} { ${key(port)}${value} }\n`;
    })
    .join('');
}

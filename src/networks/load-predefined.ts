import { randomBytes } from 'node:crypto';
import { invalidParameter } from '../errors/index.ts';
import { chooseSubnet, DEFAULT_POOLS } from './ipam/choose-subnet.ts';
import { firstAddress, formatIpv4, formatSubnet, overlaps, parseCidr, type Subnet } from './ipam/subnet.ts';
import type { NetworksNeeds } from './needs.ts';
import { NETWORKS_BUCKET, type NetworkRecord } from './record.ts';

export interface Predefined {
  bridge: NetworkRecord & { subnet: string; gateway: string };
  host: NetworkRecord;
  none: NetworkRecord;
}

/**
 * `bridge`, `host` and `none`, as they were or new. The bridge keeps its subnet as long as nothing else on the host
 * (`taken`: subnets, not those of the bridge itself) overlaps it.
 */
export async function loadPredefined(needs: NetworksNeeds, taken: readonly string[]): Promise<Predefined> {
  const { metadata, config } = needs;
  const rows = (await metadata.load<NetworkRecord>(NETWORKS_BUCKET)).map(({ value }) => value);
  const changed: NetworkRecord[] = [];
  const keep = (name: string, driver: NetworkRecord['driver']): NetworkRecord => {
    const known = rows.find((row) => row.name === name && row.driver === driver);
    if (known !== undefined) return known;
    const created = new Date(needs.now()).toISOString();
    const fresh: NetworkRecord = { id: randomBytes(32).toString('hex'), name, driver, created };
    changed.push(fresh);
    return fresh;
  };
  const host = keep('host', 'host');
  const none = keep('none', 'null');
  const known = keep('bridge', 'bridge');
  const address = bridgeAddress(known, config, taken);
  const bridge = { ...known, ...address };
  if (known.subnet !== bridge.subnet || known.gateway !== bridge.gateway) {
    if (changed.includes(known)) changed.splice(changed.indexOf(known), 1);
    changed.push(bridge);
  }
  if (changed.length > 0) {
    await metadata.write(changed.map((row) => ({ bucket: NETWORKS_BUCKET, key: row.id, put: row })));
  }
  return { bridge, host, none };
}

function bridgeAddress(
  known: NetworkRecord,
  { bip, defaultAddressPools }: NetworksNeeds['config'],
  takenCidrs: readonly string[],
): { subnet: string; gateway: string } {
  if (bip !== undefined && bip !== '') {
    const parsed = parseCidr(bip);
    if (parsed === undefined || parsed.subnet.prefix > 30) throw invalidParameter('bad-bip', `invalid bip: ${bip}`);
    return { subnet: formatSubnet(parsed.subnet), gateway: formatIpv4(parsed.address) };
  }
  const taken = takenCidrs.flatMap((text): Subnet[] => {
    const parsed = parseCidr(text);
    return parsed === undefined ? [] : [parsed.subnet];
  });
  const before = known.subnet === undefined ? undefined : parseCidr(known.subnet)?.subnet;
  const isFree = before !== undefined && !taken.some((other) => overlaps(other, before));
  if (isFree && known.subnet !== undefined && known.gateway !== undefined) {
    return { subnet: known.subnet, gateway: known.gateway };
  }
  const subnet = chooseSubnet(defaultAddressPools ?? DEFAULT_POOLS, taken);
  return { subnet: formatSubnet(subnet), gateway: formatIpv4(firstAddress(subnet)) };
}

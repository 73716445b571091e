import { invalidParameter, systemError } from '../../errors/index.ts';
import { overlaps, parseCidr, type Subnet, split } from './subnet.ts';

/** Docker's own pools for local networks. */
export const DEFAULT_POOLS = [
  { base: '172.17.0.0/16', size: 16 },
  { base: '172.18.0.0/16', size: 16 },
  { base: '172.19.0.0/16', size: 16 },
  { base: '172.20.0.0/14', size: 16 },
  { base: '172.24.0.0/14', size: 16 },
  { base: '172.28.0.0/14', size: 16 },
  { base: '192.168.0.0/16', size: 20 },
];

/** The first subnet of the pools that overlaps nothing taken. @throws system `no-subnet-left` */
export function chooseSubnet(pools: readonly { base: string; size: number }[], taken: readonly Subnet[]): Subnet {
  for (const pool of pools) {
    const parsed = parseCidr(pool.base);
    if (parsed === undefined || !Number.isInteger(pool.size) || pool.size < parsed.subnet.prefix || pool.size > 30) {
      throw invalidParameter('bad-address-pool', `invalid default address pool: base=${pool.base},size=${pool.size}`);
    }
    for (const subnet of split(parsed.subnet, pool.size)) {
      if (!taken.some((other) => overlaps(subnet, other))) return subnet;
    }
  }
  throw systemError('no-subnet-left', 'all predefined address pools have been fully subnetted');
}

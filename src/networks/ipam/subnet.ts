/** An IPv4 subnet: numbers are host-order unsigned 32-bit integers. */
export interface Subnet {
  base: number;
  prefix: number;
}

export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map(Number);
  if (parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export function formatIpv4(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}

const size = (prefix: number): number => 2 ** (32 - prefix);

/** `172.18.0.0/16`, or any address within it. Undefined when it is neither. */
export function parseCidr(text: string): { address: number; subnet: Subnet } | undefined {
  const [ip = '', bits = '', ...rest] = text.split('/');
  const address = parseIpv4(ip);
  if (address === undefined || rest.length > 0 || !/^\d{1,2}$/.test(bits) || Number(bits) > 32) return undefined;
  const prefix = Number(bits);
  return { address, subnet: { base: address - (address % size(prefix)), prefix } };
}

export const formatSubnet = ({ base, prefix }: Subnet): string => `${formatIpv4(base)}/${prefix}`;

export const firstAddress = ({ base }: Subnet): number => base + 1;
export const broadcastAddress = ({ base, prefix }: Subnet): number => base + size(prefix) - 1;

export function contains(subnet: Subnet, address: number): boolean {
  return address >= subnet.base && address < subnet.base + size(subnet.prefix);
}

export function overlaps(a: Subnet, b: Subnet): boolean {
  return a.base < b.base + size(b.prefix) && b.base < a.base + size(a.prefix);
}

/** The subnets of `prefix` bits inside `pool`, in order. */
export function* split(pool: Subnet, prefix: number): Generator<Subnet> {
  for (let base = pool.base; base < pool.base + size(pool.prefix); base += size(prefix)) yield { base, prefix };
}

import { systemError } from '../../errors/index.ts';
import { broadcastAddress, contains, formatIpv4, parseIpv4, type Subnet } from './subnet.ts';

/**
 * The addresses of one subnet, in memory: running containers are asked for theirs after a restart. A freed address comes
 * up again only after all others, so that nobody's late packets reach its next owner.
 */
export class AddressPool {
  readonly #subnet: Subnet;
  readonly #used = new Set<number>();
  #next: number;

  constructor(subnet: Subnet, gateway: number) {
    this.#subnet = subnet;
    this.#used.add(subnet.base).add(broadcastAddress(subnet)).add(gateway);
    this.#next = subnet.base + 1;
  }

  /** @throws system `no-address-left` */
  allocate(): string {
    const last = broadcastAddress(this.#subnet);
    for (let tries = last - this.#subnet.base; tries > 0; tries -= 1) {
      const candidate = this.#next;
      this.#next = candidate + 1 >= last ? this.#subnet.base + 1 : candidate + 1;
      if (this.#used.has(candidate)) continue;
      this.#used.add(candidate);
      return formatIpv4(candidate);
    }
    throw systemError('no-address-left', "no available IPv4 addresses on this network's address pools");
  }

  /** Marks a running container's address as used. Idempotent; false when it is not of this subnet. */
  adopt(address: string): boolean {
    const number = parseIpv4(address);
    if (number === undefined || !contains(this.#subnet, number)) return false;
    this.#used.add(number);
    if (number >= this.#next && number + 1 < broadcastAddress(this.#subnet)) this.#next = number + 1;
    return true;
  }

  release(address: string): void {
    const number = parseIpv4(address);
    if (number !== undefined) this.#used.delete(number);
  }
}

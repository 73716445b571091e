import { readFileSync } from 'node:fs';
import type { Protocol } from './wanted-ports.ts';

const WILDCARDS: Record<string, string> = { '0.0.0.0': '4', '::': '6' };
const familyOf = (ip: string): string => (ip.includes(':') ? '6' : '4');

/** Which host ports this daemon has given out; a wildcard address collides with every address of its family. */
export class PortAllocator {
  readonly #taken = new Map<string, Set<string>>();
  readonly #range: readonly [first: number, last: number];
  #cursor: number;

  constructor(range: readonly [first: number, last: number] = ephemeralRange()) {
    this.#range = range;
    this.#cursor = range[0];
  }

  /** Takes the port on every address, or none: then the address it is taken on is returned. */
  take(protocol: Protocol, port: number, ips: readonly string[]): string | undefined {
    const key = `${protocol} ${port}`;
    const taken = this.#taken.get(key) ?? new Set<string>();
    const busy = ips.find((ip) => collides(taken, ip));
    if (busy !== undefined) return busy;
    for (const ip of ips) taken.add(ip);
    this.#taken.set(key, taken);
    return undefined;
  }

  release(protocol: Protocol, port: number, ips: readonly string[]): void {
    const key = `${protocol} ${port}`;
    const taken = this.#taken.get(key);
    if (taken === undefined) return;
    for (const ip of ips) taken.delete(ip);
    if (taken.size === 0) this.#taken.delete(key);
  }

  /** Ephemeral ports in the order to try them: on from the last one given out, once around. */
  *ephemeral(): Generator<number> {
    const [first, last] = this.#range;
    for (let tries = last - first + 1; tries > 0; tries -= 1) {
      const port = this.#cursor;
      this.#cursor = port === last ? first : port + 1;
      yield port;
    }
  }
}

function collides(taken: ReadonlySet<string>, ip: string): boolean {
  if (taken.size === 0) return false;
  if (taken.has(ip)) return true;
  const family = familyOf(ip);
  if (WILDCARDS[ip] !== undefined) return [...taken].some((other) => familyOf(other) === family);
  return taken.has(family === '6' ? '::' : '0.0.0.0');
}

function ephemeralRange(): [number, number] {
  try {
    const [first = 0, last = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .trim()
      .split(/\s+/)
      .map(Number);
    if (first > 0 && last >= first) return [first, last];
  } catch {
    // Fall through: a /proc without it.
  }
  return [49_153, 65_535];
}

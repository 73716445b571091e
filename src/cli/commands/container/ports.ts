import { isIP } from 'node:net';
import type { PortBinding } from '../../../api/index.ts';
import { invalidParameter } from '../../../errors/index.ts';

export interface PublishedPorts {
  exposed: Record<string, Record<string, never>>;
  bindings: Record<string, PortBinding[]>;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);
const bad = (message: string): Error => invalidParameter('bad-publish', message);

/** `80` or `80-90`; undefined when it is neither. */
function parseRange(text: string): [first: number, last: number] | undefined {
  const match = /^(\d+)(?:-(\d+))?$/.exec(text);
  const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
  return match === null || first > 65_535 || last > 65_535 || last < first ? undefined : [first, last];
}

/** One `--publish`: `[[ip:]hostPort[-end]:]containerPort[-end][/protocol]` (IPv6 in brackets), or `target=…,published=…`. */
export function parsePublish(text: string, into: PublishedPorts): void {
  const { body, protocol } = text.includes('=') ? fromFields(text) : splitProtocol(text);
  const [rest, container] = splitLast(body);
  const [ip, host] = splitLast(rest);
  if (container === '') throw bad(`No port specified: ${text}<empty>`);
  const address = checkAddress(ip);
  if (!PROTOCOLS.has(protocol)) throw bad(`Invalid proto: ${protocol}`);
  const inside = parseRange(container);
  if (inside === undefined) throw bad(`Invalid containerPort: ${container}`);
  const outside = host === '' ? undefined : parseRange(host);
  if (host !== '' && outside === undefined) throw bad(`Invalid hostPort: ${host}`);
  const [first, last] = inside;
  if (outside !== undefined && outside[1] - outside[0] !== last - first && first !== last)
    throw bad(`Invalid ranges specified for container and host Ports: ${container} and ${host}`);
  for (let port = first; port <= last; port++) {
    const key = `${port}/${protocol}`;
    into.exposed[key] = {};
    (into.bindings[key] ??= []).push({ HostIp: address, HostPort: hostPort(outside, first === last, port - first) });
  }
}

/** One container port may take any of a range of host ports; several go pairwise. */
function hostPort(range: [number, number] | undefined, isSingle: boolean, offset: number): string {
  if (range === undefined) return '';
  const [first, last] = range;
  return isSingle && last > first ? `${first}-${last}` : String(first + offset);
}

function checkAddress(ip: string): string {
  if (ip === '') return '';
  const address = ip.replace(/^\[(.*)\]$/, '$1');
  if (address === ip && ip.includes(':'))
    throw bad(`Invalid ip address ${ip}: address ${ip}: too many colons in address`);
  if (isIP(address) === 0) throw bad(`Invalid ip address: ${ip}`);
  return address;
}

function splitProtocol(text: string): { body: string; protocol: string } {
  const [, body = text, protocol = 'tcp'] = /^(.*?)\/(\w+)$/.exec(text) ?? [];
  return { body, protocol: protocol.toLowerCase() };
}

/** The long form: `target=80,published=8080,protocol=tcp,mode=…`. */
function fromFields(text: string): { body: string; protocol: string } {
  const fields = new Map(text.split(',').map((part) => part.split('=') as [string, string]));
  for (const [key, value] of fields) {
    if (!['target', 'published', 'protocol', 'mode'].includes(key)) throw bad(`invalid field key ${key}`);
    if (value === undefined) throw bad('invalid field format: expected key=value');
  }
  const [target, published = ''] = [fields.get('target'), fields.get('published')];
  if (target === undefined) throw bad(`missing mandatory field '"target"'`);
  return { body: `${published}:${target}`, protocol: fields.get('protocol') ?? 'tcp' };
}

/** What stands before and behind the last colon. */
const splitLast = (text: string): [before: string, behind: string] => {
  const at = text.lastIndexOf(':');
  return at < 0 ? ['', text] : [text.slice(0, at), text.slice(at + 1)];
};

/** One `--expose`: `port[-end][/protocol]`. */
export function parseExpose(text: string, into: PublishedPorts): void {
  const [ports = '', protocol = 'tcp'] = text.split('/');
  if (text.includes(':')) throw invalidParameter('bad-expose', `invalid port format for --expose: ${text}`);
  const range = parseRange(ports);
  if (range === undefined) {
    const isBackwards = /^\d+-\d+$/.test(ports);
    const reason = isBackwards
      ? `Invalid range specified for the Port: ${ports}`
      : `strconv.ParseUint: parsing ${JSON.stringify(ports)}: invalid syntax`;
    throw invalidParameter('bad-expose', `invalid range format for --expose: ${ports}, error: ${reason}`);
  }
  for (let port = range[0]; port <= range[1]; port++) into.exposed[`${port}/${protocol.toLowerCase()}`] = {};
}

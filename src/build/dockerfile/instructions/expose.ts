import { isIP } from 'node:net';
import { dockerfileError } from '../errors.ts';
import { quote } from '../parser/quote.ts';

/** Expanded words of EXPOSE (`80`, `8000-8010/udp`; `[ip:]public:private` is taken too) → `port/protocol`, in order. */
export function parseExposedPorts(words: readonly string[]): string[] {
  return words.flatMap(parseOne);
}

function parseOne(word: string): string[] {
  const parts = word.split(':');
  const container = parts.at(-1) ?? '';
  const host = parts.at(-2) ?? '';
  const ip = parts.slice(0, -2).join(':');
  const [ports = '', protocol = ''] = splitProtocol(container);
  if (ports === '') throw dockerfileError(`invalid port: ${quote(word)}: no port specified`);
  const proto = (protocol || 'tcp').toLowerCase();
  if (!['tcp', 'udp', 'sctp'].includes(proto)) {
    throw dockerfileError(`invalid port: ${quote(word)}: invalid proto: ${protocol}`);
  }
  const address = /^\[(.*)\]$/.exec(ip)?.[1] ?? ip;
  if (address !== '' && isIP(address) === 0) throw dockerfileError(`invalid IP address: ${address}`);
  const range = parseRange(ports);
  if (range === undefined) throw dockerfileError(`invalid containerPort: ${ports}`);
  if (host !== '') checkHostPort(host, ports, range);
  const [start, end] = range;
  return Array.from({ length: end - start + 1 }, (_, at) => `${start + at}/${proto}`);
}

function checkHostPort(host: string, ports: string, [start, end]: [number, number]): void {
  const range = parseRange(host);
  if (range === undefined) throw dockerfileError(`invalid hostPort: ${host}`);
  if (end !== start && end - start !== range[1] - range[0]) {
    throw dockerfileError(`invalid ranges specified for container and host Ports: ${ports} and ${host}`);
  }
}

function splitProtocol(text: string): string[] {
  const slash = text.indexOf('/');
  return slash === -1 ? [text] : [text.slice(0, slash), text.slice(slash + 1)];
}

function parseRange(text: string): [start: number, end: number] | undefined {
  const match = /^(\d{1,9})(?:-(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const start = Number(match[1]);
  const end = match[2] === undefined ? start : Number(match[2]);
  return end < start || end > 65535 ? undefined : [start, end];
}

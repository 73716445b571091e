import { invalidParameter } from '../errors/index.ts';

/** `80`, `80/udp`, `1000-1003/tcp` → each port with its protocol. @throws invalid-parameter `invalid-port` with Docker's text */
export function expandPorts(text: string): { port: number; protocol: string }[] {
  const [range = '', protocol = 'tcp'] = text.split('/');
  const [from, to = from] = range.split('-').map((part) => parsePort(part, range));
  const ports: { port: number; protocol: string }[] = [];
  for (let port = from ?? 0; port <= (to ?? 0); port++) ports.push({ port, protocol: protocol.toLowerCase() || 'tcp' });
  return ports;
}

export function parsePort(text: string, shown = text): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port > 65535) {
    throw invalidParameter('invalid-port', `invalid port specification: ${JSON.stringify(shown)}`);
  }
  return port;
}

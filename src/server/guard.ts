import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { forbidden } from '../errors/index.ts';
import type { Guard } from './needs.ts';

/**
 * On TCP a web page can send us requests (cross-site forms, DNS rebinding), and whoever may talk to us is root. So a
 * request that a browser made for a page is refused, and so is a Host that is no name of ours.
 * @throws forbidden `cross-site-request`, `unknown-host`
 */
export function checkOrigin(request: IncomingMessage, guard: Guard): void {
  if (!guard.isTcp) return;
  const { origin, host } = request.headers;
  const site = request.headers['sec-fetch-site'];
  if (origin !== undefined || (site !== undefined && site !== 'none')) {
    throw forbidden('cross-site-request', 'requests made by web pages are refused');
  }
  if (guard.hosts === undefined) return;
  const name = hostName(host ?? '');
  if (isLoopback(name) || guard.hosts.includes(name)) return;
  throw forbidden('unknown-host', `the Host header names ${JSON.stringify(name)}, which is not this engine`);
}

function hostName(host: string): string {
  const name = host.startsWith('[') ? host.slice(1, host.indexOf(']')) : host.replace(/:\d*$/, '');
  return name.toLowerCase();
}

export function isLoopback(name: string): boolean {
  if (name === 'localhost' || name === '::1') return true;
  return isIP(name) === 4 && name.startsWith('127.');
}

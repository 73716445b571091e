import { MAX_API_VERSION } from '../api/index.ts';

/** On every answer of every route, errors and upgrades included: clients negotiate by them. */
export function serverHeaders(version: string): Record<string, string> {
  return {
    'Api-Version': MAX_API_VERSION,
    'Docker-Experimental': 'false',
    Ostype: 'linux',
    Server: `Berth/${version} (linux)`,
  };
}

/** The same as lines of a raw head. */
export function headerLines(headers: Record<string, string>): string {
  return Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
}

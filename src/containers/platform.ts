import { invalidParameter } from '../errors/index.ts';
import type { Image } from '../images/index.ts';

export interface AskedPlatform {
  os: string;
  architecture: string;
  variant: string;
}

const ARCHITECTURES: Record<string, string> = {
  x86_64: 'amd64',
  'x86-64': 'amd64',
  aarch64: 'arm64',
  i386: '386',
  i686: '386',
  armhf: 'arm',
};
const SYSTEMS = new Set(['linux', 'windows', 'darwin', 'freebsd']);
const PART = /^[A-Za-z0-9_.-]+$/;

/** `linux/arm64/v8`, `linux`, `arm64`. @throws invalid-parameter `invalid-platform` with Docker's text */
export function parsePlatform(text: string): AskedPlatform {
  const parts = text.split('/');
  if (parts.length > 3 || !parts.every((part) => PART.test(part))) {
    throw invalidParameter(
      'invalid-platform',
      `${JSON.stringify(text)}: cannot parse platform specifier: invalid argument`,
    );
  }
  const [first = '', second, variant = ''] = parts;
  if (second !== undefined) return cleaned({ os: first.toLowerCase(), architecture: second, variant });
  if (SYSTEMS.has(first.toLowerCase())) {
    return { os: first.toLowerCase(), architecture: process.arch === 'x64' ? 'amd64' : process.arch, variant: '' };
  }
  return cleaned({ os: 'linux', architecture: first, variant: '' });
}

export function normalizePlatform(config: { os: string; architecture: string; variant?: string }): AskedPlatform {
  return cleaned({ os: config.os, architecture: config.architecture, variant: config.variant ?? '' });
}

function cleaned({ os, architecture, variant }: AskedPlatform): AskedPlatform {
  const name = architecture.toLowerCase();
  const known = ARCHITECTURES[name] ?? name;
  // v8 is what arm64 is, v1 what amd64 is: neither says anything.
  const isPlain =
    (known === 'arm64' && (variant === 'v8' || variant === '8')) || (known === 'amd64' && variant === 'v1');
  return { os, architecture: known, variant: isPlain ? '' : variant };
}

/** Docker's warning when an image is for other machines than this one. */
export function platformWarning(image: Image, host: string): string[] {
  const { os, architecture } = normalizePlatform(image.config);
  if (os === 'linux' && architecture === host) return [];
  return [
    `The requested image's platform (${os}/${architecture}) does not match the detected host platform (linux/${host}) ` +
      'and no specific platform was requested',
  ];
}

import { invalidParameter } from '../../errors/index.ts';
import type { Platform } from '../../oci/index.ts';

const ARCHITECTURES: Record<string, { architecture: string; variant?: string }> = {
  x86_64: { architecture: 'amd64' },
  'x86-64': { architecture: 'amd64' },
  i386: { architecture: '386' },
  i486: { architecture: '386' },
  i686: { architecture: '386' },
  aarch64: { architecture: 'arm64' },
  armhf: { architecture: 'arm', variant: 'v7' },
  armel: { architecture: 'arm', variant: 'v6' },
};

/** `os/arch[/variant]`, `os` or `arch` alone; normalised as containerd does. @throws invalid-parameter `invalid-platform` */
export function parsePlatform(text: string, local: Platform): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || parts.some((part) => !/^[a-z0-9_.-]+$/.test(part))) {
    throw invalidParameter('invalid-platform', `"${text}": unknown operating system or architecture: invalid argument`);
  }
  const [first = '', second, third] = parts;
  if (second === undefined) {
    return first === 'linux' ? local : normalise('linux', first);
  }
  return normalise(first, second, third);
}

function normalise(os: string, name: string, variant?: string): Platform {
  const alias = ARCHITECTURES[name];
  const architecture = alias?.architecture ?? name;
  let level = variant ?? alias?.variant;
  if (architecture === 'arm64' && level === 'v8') level = undefined;
  if (architecture === 'arm' && level === undefined) level = 'v7';
  if (architecture === 'amd64' && level === 'v1') level = undefined;
  return { os, architecture, ...(level === undefined ? {} : { variant: level }) };
}

export function formatPlatform(platform: Platform): string {
  const variant = platform.variant === undefined ? '' : `/${platform.variant}`;
  return `${platform.os}/${platform.architecture}${variant}`;
}

/** The automatic platform ARGs of the global scope. */
export function platformArgs(build: Platform, target: Platform, stage: string): Map<string, string> {
  const args = new Map<string, string>();
  for (const [prefix, platform] of [
    ['BUILD', build],
    ['TARGET', target],
  ] as const) {
    args.set(`${prefix}PLATFORM`, formatPlatform(platform));
    args.set(`${prefix}OS`, platform.os);
    args.set(`${prefix}OSVERSION`, platform['os.version'] ?? '');
    args.set(`${prefix}ARCH`, platform.architecture);
    args.set(`${prefix}VARIANT`, platform.variant ?? '');
  }
  args.set('TARGETSTAGE', stage);
  return args;
}

import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { promisify } from 'node:util';
import { unavailable } from '../../errors/index.ts';

export interface FoundRuntime {
  name: 'crun' | 'runc';
  version: string;
  path: string;
  warnings: string[];
}

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** crun first, runc as the fallback. @throws unavailable `runtime-missing` */
export async function probeRuntime(only?: string): Promise<FoundRuntime> {
  const names = ['crun', 'runc'] as const;
  const candidates =
    only === undefined ? names.flatMap((name) => FOLDERS.map((folder) => `${folder}/${name}`)) : [only];
  for (const path of candidates) {
    if (!isExecutable(path)) continue;
    const found = await askVersion(path).catch(() => undefined);
    if (found !== undefined) return { ...found, path, warnings: versionWarnings(found.name, found.version) };
  }
  throw unavailable(
    'runtime-missing',
    `no container runtime works here (tried ${only ?? 'crun and runc'}): install crun (apt-get install crun)`,
  );
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function askVersion(path: string): Promise<Pick<FoundRuntime, 'name' | 'version'> | undefined> {
  const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 10_000, env: {} });
  const match = /^(crun|runc) version (\S+)/m.exec(stdout);
  const name = match?.[1];
  return (name === 'crun' || name === 'runc') && match?.[2] !== undefined ? { name, version: match[2] } : undefined;
}

/** First release of each line that has the fixes known at the time of writing. */
const FIXED = {
  crun: [[1, 28, 0]],
  runc: [
    [1, 2, 8],
    [1, 3, 3],
  ],
} as const;

export function versionWarnings(name: 'crun' | 'runc', version: string): string[] {
  const [major = 0, minor = 0, patch = 0] = version.split(/[.+~-]/).map(Number);
  const isFixed = FIXED[name].some(
    ([a, b, c], line, lines) =>
      (line === lines.length - 1 && (major > a || (major === a && minor > b))) ||
      (major === a && minor === b && patch >= c),
  );
  if (isFixed) return [];
  const wanted = FIXED[name].map((parts) => parts.join('.')).join(' or ');
  return [`${name} ${version} is old and has known security holes: install ${name} ${wanted} or newer`];
}

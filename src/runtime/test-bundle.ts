import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RuntimeSpec } from '../oci/index.ts';
import type { ExitFacts, RunningProcess, Runtime, StdioMode } from './contract.ts';
import { createRuntime } from './create-runtime.ts';

/** For tests: a root file system whose programs are the host's own (/usr read-only), and a place for a runtime. */
export interface TestPlace {
  root: string;
  cgroupParent: string;
  rootfs: string;
  open(runtimePath?: string): Promise<Runtime>;
  remove(): void;
}

export function makeTestPlace(name: string): TestPlace {
  const folder = mkdtempSync(join(tmpdir(), `berth-${name}-`));
  const place = placeIn(folder);
  for (const part of ['usr', 'proc', 'dev', 'sys', 'tmp', 'etc'])
    mkdirSync(join(place.rootfs, part), { recursive: true });
  for (const part of ['bin', 'sbin', 'lib', 'lib64']) symlinkSync(`usr/${part}`, join(place.rootfs, part));
  return place;
}

/** The place another process has made. */
export function placeIn(folder: string): TestPlace {
  const root = join(folder, 'run');
  const cgroupParent = `/berth-test-${folder.split('-').at(-1)}`;
  return {
    root,
    cgroupParent,
    rootfs: join(folder, 'rootfs'),
    open: (runtimePath) =>
      createRuntime({ root, cgroupParent, now: Date.now, ...(runtimePath === undefined ? {} : { runtimePath }) }),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const NAMESPACES = ['pid', 'network', 'mount', 'ipc', 'uts'] as const;
const PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';

export function testSpec(place: Pick<TestPlace, 'rootfs'>, args: string[]): RuntimeSpec {
  return {
    ociVersion: '1.0.2',
    process: { terminal: false, user: { uid: 0, gid: 0 }, args, env: [PATH], cwd: '/' },
    root: { path: place.rootfs },
    mounts: [
      { destination: '/usr', type: 'bind', source: '/usr', options: ['rbind', 'ro'] },
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
      {
        destination: '/dev/pts',
        type: 'devpts',
        source: 'devpts',
        options: ['nosuid', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
      },
    ],
    linux: { namespaces: NAMESPACES.map((type) => ({ type })) },
  };
}

export const shell = (script: string): string[] => ['/bin/sh', '-c', script];

export const PIPED: StdioMode = { tty: false, stdin: 'none' };

export interface Outcome extends ExitFacts {
  out: string;
  err: string;
  outBytes: number;
  outMd5: string;
}

/** Reads a process to its end. */
export async function outcomeOf(running: RunningProcess): Promise<Outcome> {
  const hash = createHash('md5');
  const seen = { out: '', err: '', outBytes: 0 };
  running.io.stdout.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    seen.outBytes += chunk.length;
    if (seen.out.length < 1_000_000) seen.out += chunk.toString();
  });
  running.io.stderr?.on('data', (chunk: Buffer) => {
    seen.err += chunk.toString();
  });
  return { ...(await running.exited), ...seen, outMd5: hash.digest('hex') };
}

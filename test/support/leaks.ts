import { execFileSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Everything on the machine that a container engine could leave behind, as comparable lines per kind. */
export type MachineState = Record<string, Set<string>>;

const lines = (text: string): string[] => text.split('\n').filter((line) => line !== '');

const command = (program: string, ...args: string[]): string[] => {
  try {
    return lines(execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }));
  } catch {
    return [];
  }
};

const entries = (folder: string): string[] => {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
};

/** Processes of ours: the engine's programs and whatever runs in a cgroup of ours. */
function processes(): string[] {
  const ours: string[] = [];
  for (const pid of entries('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const state = /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
      const cgroup = readFileSync(`/proc/${pid}/cgroup`, 'utf8');
      const argv = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      const isOurs =
        /:\/berth/.test(cgroup) ||
        /\b(crun|runc) (--[\w-]+[= ]\S+ )*(run|exec)\b|daemon\/main\.ts|daemon\.cjs/.test(argv);
      if (isOurs) ours.push(`${pid} ${state} ${argv.slice(0, 100)}`);
    } catch {
      // It ended while we looked.
    }
  }
  return ours;
}

export function machineState(): MachineState {
  const mounts = lines(readFileSync('/proc/self/mountinfo', 'utf8')).map((line) =>
    line.split(' ').slice(3, 5).join(' '),
  );
  return {
    mount: new Set(mounts),
    link: new Set(command('ip', '-o', 'link').map((line) => (line.split(':')[1] ?? '').trim().replace(/@.*/, ''))),
    netns: new Set(entries('/run/netns')),
    'nft table': new Set(command('nft', 'list', 'tables').filter((line) => line.includes('berth'))),
    cgroup: new Set(globSync(['/sys/fs/cgroup/*/berth*/**/', '/sys/fs/cgroup/berth*/**/'])),
    process: new Set(processes()),
  };
}

/** What is here now and was not `before`; waits up to 3 s for the kernel to finish its own clean-up. */
export async function describeLeaks(before: MachineState): Promise<string[]> {
  for (let attempt = 0; ; attempt++) {
    const now = machineState();
    const leaks = Object.entries(now).flatMap(([kind, found]) =>
      [...found].filter((one) => !before[kind]?.has(one)).map((one) => `${kind} ${one}`),
    );
    if (leaks.length === 0 || attempt === 15) return leaks;
    await sleep(200);
  }
}

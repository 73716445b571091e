import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** The text of a small kernel file; '' when there is none. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `PRETTY_NAME` of the distribution. */
export function operatingSystem(): string {
  const text = readText('/etc/os-release') || readText('/usr/lib/os-release');
  return osReleaseValue(text, 'PRETTY_NAME') ?? 'Linux';
}

export function osReleaseValue(text: string, key: string): string | undefined {
  const line = text.split('\n').find((each) => each.startsWith(`${key}=`));
  return line?.slice(key.length + 1).replace(/^(["'])(.*)\1$/, '$2');
}

export function openFileCount(): number {
  return readdirSync('/proc/self/fd').length;
}

/** What limits this kernel can set, by the files of its cgroup hierarchy. */
export interface CgroupFacts {
  version: '1' | '2';
  memory: boolean;
  swap: boolean;
  kernelMemoryTcp: boolean;
  oomKillDisable: boolean;
  cpuQuota: boolean;
  cpuShares: boolean;
  cpuset: boolean;
  pids: boolean;
}

export function cgroupFacts(root = '/sys/fs/cgroup'): CgroupFacts {
  const controllers = readText(`${root}/cgroup.controllers`);
  if (existsSync(`${root}/cgroup.controllers`)) return unifiedFacts(controllers.trim().split(/\s+/));
  const has = (file: string): boolean => existsSync(`${root}/${file}`);
  const cpu = has('cpu/cpu.shares') ? 'cpu' : 'cpu,cpuacct';
  return {
    version: '1',
    memory: has('memory/memory.limit_in_bytes'),
    swap: has('memory/memory.memsw.limit_in_bytes'),
    kernelMemoryTcp: has('memory/memory.kmem.tcp.limit_in_bytes'),
    oomKillDisable: has('memory/memory.oom_control'),
    cpuQuota: has(`${cpu}/cpu.cfs_quota_us`),
    cpuShares: has(`${cpu}/cpu.shares`),
    cpuset: has('cpuset/cpuset.cpus'),
    pids: has('pids'),
  };
}

function unifiedFacts(controllers: string[]): CgroupFacts {
  const has = (name: string): boolean => controllers.includes(name);
  return {
    version: '2',
    memory: has('memory'),
    swap: has('memory'),
    kernelMemoryTcp: false,
    oomKillDisable: false,
    cpuQuota: has('cpu'),
    cpuShares: has('cpu'),
    cpuset: has('cpuset'),
    pids: has('pids'),
  };
}

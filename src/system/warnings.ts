import type { CgroupFacts } from './kernel.ts';

/** What this machine cannot limit, in Docker's words. */
export function limitWarnings(cgroup: CgroupFacts, canForward: boolean): string[] {
  const checks: [works: boolean, warning: string][] = [
    [cgroup.memory, 'WARNING: No memory limit support'],
    [cgroup.swap, 'WARNING: No swap limit support'],
    [cgroup.kernelMemoryTcp || cgroup.version === '2', 'WARNING: No kernel memory TCP limit support'],
    [cgroup.oomKillDisable || cgroup.version === '2', 'WARNING: No oom kill disable support'],
    [cgroup.cpuQuota, 'WARNING: No cpu cfs quota support'],
    [cgroup.cpuShares, 'WARNING: No cpu shares support'],
    [cgroup.cpuset, 'WARNING: No cpuset support'],
    [cgroup.pids, 'WARNING: No pids limit support'],
    [canForward, 'WARNING: IPv4 forwarding is disabled'],
  ];
  return checks.filter(([works]) => !works).map(([, warning]) => warning);
}

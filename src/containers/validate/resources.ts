import type { HostConfig } from '../../api/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import { parseCpuList } from './cpu-list.ts';

const MIN_MEMORY_BYTES = 6 * 1024 * 1024;

export interface HostLimits {
  cpus: number;
  /** `0-3`, as the kernel says which are there. */
  onlineCpus: string;
  onlineMems: string;
  hasBlkioWeight: boolean;
  isCgroupV2: boolean;
}

const bad = (text: string): Error => invalidParameter('invalid-resource', text);

/** Docker's checks and texts. Returns warnings about what this host cannot do. */
export function checkResources(host: HostConfig, limits: HostLimits): string[] {
  checkNumbers(host);
  checkMemory(host);
  checkCpu(host, limits);
  if (host.OomScoreAdj && (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000)) {
    throw bad(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (limits.hasBlkioWeight && host.BlkioWeight && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    throw bad('Range of blkio weight is from 10 to 1000');
  }
  if ((host.ShmSize ?? 0) < 0) throw bad('SHM size can not be less than 0');
  const warnings: string[] = [];
  if (!limits.hasBlkioWeight && host.BlkioWeight) {
    warnings.push('Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.');
  }
  if (limits.isCgroupV2 && host.OomKillDisable) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  }
  const swappiness = host.MemorySwappiness;
  if (limits.isCgroupV2 && swappiness !== undefined && swappiness !== null && swappiness !== -1) {
    warnings.push(
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    );
  }
  if (host.OomKillDisable && !host.Memory) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  return warnings;
}

/** Beyond 2^53 a JSON number is not what was written any more. */
function checkNumbers(host: HostConfig): void {
  for (const [field, value] of Object.entries(host)) {
    if (typeof value === 'number' && !Number.isSafeInteger(value)) {
      throw bad(`invalid value for HostConfig.${field}: must be an integer below 2^53`);
    }
  }
}

function checkMemory(host: HostConfig): void {
  const memory = host.Memory ?? 0;
  const swap = host.MemorySwap ?? 0;
  const reservation = host.MemoryReservation ?? 0;
  if (memory < 0) throw bad('Minimum memory limit allowed is 6MB');
  if (memory !== 0 && memory < MIN_MEMORY_BYTES) throw bad('Minimum memory limit allowed is 6MB');
  if (memory > 0 && swap > 0 && swap < memory) {
    throw bad('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (memory === 0 && swap > 0)
    throw bad('You should always set the Memory limit when using Memoryswap limit, see usage');
  const swappiness = host.MemorySwappiness;
  if (swappiness !== undefined && swappiness !== null && (swappiness < -1 || swappiness > 100)) {
    throw bad(`Invalid value: ${swappiness}, valid memory swappiness range is 0-100`);
  }
  if (reservation !== 0 && reservation < MIN_MEMORY_BYTES) throw bad('Minimum memory reservation allowed is 6MB');
  if (memory > 0 && reservation > 0 && memory < reservation) {
    throw bad('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
}

function checkCpu(host: HostConfig, limits: HostLimits): void {
  const { NanoCpus: nano = 0, CpuPeriod: period = 0, CpuQuota: quota = 0, CpuShares: shares = 0 } = host;
  if (nano > 0 && period > 0) throw bad('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (nano > 0 && quota > 0) throw bad('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (nano < 0 || nano > limits.cpus * 1e9) {
    const count = `${limits.cpus} ${limits.cpus === 1 ? 'CPU' : 'CPUs'}`;
    const verb = limits.cpus === 1 ? 'is' : 'are';
    throw bad(`range of CPUs is from 0.01 to ${limits.cpus}.00, as there ${verb} only ${count} available`);
  }
  if (shares < 0) throw bad(`invalid CPU shares (${shares}): value must be a positive integer`);
  if (period !== 0 && (period < 1000 || period > 1_000_000)) {
    throw bad('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (quota > 0 && quota < 1000) throw bad('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if ((host.CpuRealtimeRuntime ?? 0) > (host.CpuRealtimePeriod ?? 0) && (host.CpuRealtimePeriod ?? 0) !== 0) {
    throw bad('cpu real-time runtime cannot be higher than cpu real-time period');
  }
  checkSet(host.CpusetCpus ?? '', limits.onlineCpus, 'cpus', 'CPUs');
  checkSet(host.CpusetMems ?? '', limits.onlineMems, 'mems', 'memory nodes');
}

function checkSet(asked: string, online: string, word: string, noun: string): void {
  if (asked === '') return;
  const wanted = parseCpuList(asked);
  if (wanted === undefined) throw bad(`Invalid value ${asked} for cpuset ${word}: invalid format: ${asked}`);
  const there = parseCpuList(online) ?? new Set<number>();
  for (const one of wanted) {
    if (!there.has(one)) throw bad(`Requested ${noun} are not available - requested ${asked}, available: ${online}`);
  }
}

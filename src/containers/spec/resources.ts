import { statSync } from 'node:fs';
import type { HostConfig, ThrottleDevice } from '../../api/index.ts';
import { systemError } from '../../errors/index.ts';
import type { ResourcesSpec } from '../../oci/index.ts';
import { type DeviceRule, deviceNumbers } from './devices.ts';

const CPU_PERIOD_USEC = 100_000;

/** Limits that were asked for; absent means none. */
export function resourcesOf(host: HostConfig, devices: DeviceRule[], isCgroupV2: boolean): ResourcesSpec {
  const memory = memoryOf(host, isCgroupV2);
  const cpu = cpuOf(host);
  const blockIO = blockIoOf(host);
  return {
    devices,
    ...(Object.keys(memory).length > 0 && { memory }),
    ...(Object.keys(cpu).length > 0 && { cpu }),
    ...(host.PidsLimit !== undefined &&
      host.PidsLimit !== null &&
      host.PidsLimit !== 0 && { pids: pidsOf(host.PidsLimit) }),
    ...(Object.keys(blockIO).length > 0 && { blockIO }),
  };
}

const pidsOf = (limit: number): { limit: number } => ({ limit: limit < 0 ? -1 : limit });

function memoryOf(host: HostConfig, isCgroupV2: boolean): NonNullable<ResourcesSpec['memory']> {
  const swappiness = host.MemorySwappiness;
  return {
    ...(host.Memory && { limit: host.Memory }),
    ...(host.MemoryReservation && { reservation: host.MemoryReservation }),
    ...(host.MemorySwap && { swap: host.MemorySwap }),
    ...(!isCgroupV2 && swappiness !== undefined && swappiness !== null && swappiness !== -1 && { swappiness }),
    ...(!isCgroupV2 && host.OomKillDisable && { disableOOMKiller: true }),
  };
}

function cpuOf(host: HostConfig): NonNullable<ResourcesSpec['cpu']> {
  const quota = host.NanoCpus ? Math.floor((host.NanoCpus * CPU_PERIOD_USEC) / 1e9) : host.CpuQuota;
  const period = host.NanoCpus ? CPU_PERIOD_USEC : host.CpuPeriod;
  return {
    ...(host.CpuShares && { shares: host.CpuShares }),
    ...(quota && { quota }),
    ...(period && { period }),
    ...(host.CpuRealtimePeriod && { realtimePeriod: host.CpuRealtimePeriod }),
    ...(host.CpuRealtimeRuntime && { realtimeRuntime: host.CpuRealtimeRuntime }),
    ...(host.CpusetCpus && { cpus: host.CpusetCpus }),
    ...(host.CpusetMems && { mems: host.CpusetMems }),
  };
}

function blockIoOf(host: HostConfig): NonNullable<ResourcesSpec['blockIO']> {
  const weights = (host.BlkioWeightDevice ?? []).map(({ Path = '', Weight = 0 }) => ({
    ...numbers(Path),
    weight: Weight,
  }));
  const readBps = throttles(host.BlkioDeviceReadBps);
  const writeBps = throttles(host.BlkioDeviceWriteBps);
  const readIops = throttles(host.BlkioDeviceReadIOps);
  const writeIops = throttles(host.BlkioDeviceWriteIOps);
  return {
    ...(host.BlkioWeight && { weight: host.BlkioWeight }),
    ...(weights.length > 0 && { weightDevice: weights }),
    ...(readBps.length > 0 && { throttleReadBpsDevice: readBps }),
    ...(writeBps.length > 0 && { throttleWriteBpsDevice: writeBps }),
    ...(readIops.length > 0 && { throttleReadIOPSDevice: readIops }),
    ...(writeIops.length > 0 && { throttleWriteIOPSDevice: writeIops }),
  };
}

function throttles(
  devices: readonly ThrottleDevice[] | null | undefined,
): { major: number; minor: number; rate: number }[] {
  return (devices ?? []).map(({ Path = '', Rate = 0 }) => ({ ...numbers(Path), rate: Rate }));
}

function numbers(path: string): { major: number; minor: number } {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) throw systemError('no-such-device', `${path}: no such file or directory`);
  return deviceNumbers(stat.rdev);
}

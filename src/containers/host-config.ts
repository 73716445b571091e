import type { HostConfig } from '../api/index.ts';
import type { LogConfig } from '../logs/index.ts';
import { defaultMaskedPaths, READONLY_PATHS } from './spec/masked-paths.ts';

const SHM_BYTES = 64 * 1024 * 1024;

export interface HostConfigDefaults {
  isCgroupV2: boolean;
  hasBlkioWeight: boolean;
  runtimeName: string;
  logConfig: LogConfig;
  shmSizeBytes?: number;
  cgroupParent?: string;
}

type LogType = NonNullable<NonNullable<HostConfig['LogConfig']>['Type']>;

/** The request's HostConfig with every field of Docker's answer in it, Docker's defaults where it says nothing. */
export function withDefaults(request: HostConfig, defaults: HostConfigDefaults): HostConfig {
  const { isCgroupV2, runtimeName, logConfig } = defaults;
  const mode = request.NetworkMode;
  const memory = request.Memory ?? 0;
  const privileged = request.Privileged ?? false;
  const type = request.LogConfig?.Type;
  return {
    Binds: request.Binds ?? null,
    ContainerIDFile: request.ContainerIDFile ?? '',
    LogConfig: type
      ? { Type: type, Config: request.LogConfig?.Config ?? {} }
      : { Type: logConfig.type as LogType, Config: { ...logConfig.options, ...request.LogConfig?.Config } },
    NetworkMode: mode === undefined || mode === '' || mode === 'default' ? 'bridge' : mode,
    PortBindings: portBindings(request.PortBindings),
    RestartPolicy: {
      Name: request.RestartPolicy?.Name || 'no',
      MaximumRetryCount: request.RestartPolicy?.MaximumRetryCount ?? 0,
    },
    AutoRemove: request.AutoRemove ?? false,
    VolumeDriver: request.VolumeDriver ?? '',
    VolumesFrom: request.VolumesFrom ?? null,
    ConsoleSize: request.ConsoleSize ?? [0, 0],
    ...(request.Annotations && { Annotations: request.Annotations }),
    CapAdd: request.CapAdd ?? null,
    CapDrop: request.CapDrop ?? null,
    CgroupnsMode: request.CgroupnsMode || (isCgroupV2 && !privileged ? 'private' : 'host'),
    Dns: request.Dns ?? null,
    DnsOptions: request.DnsOptions ?? null,
    DnsSearch: request.DnsSearch ?? null,
    ExtraHosts: request.ExtraHosts ?? null,
    GroupAdd: request.GroupAdd ?? null,
    IpcMode: request.IpcMode || 'private',
    Cgroup: request.Cgroup ?? '',
    Links: request.Links ?? null,
    OomScoreAdj: request.OomScoreAdj ?? 0,
    PidMode: request.PidMode ?? '',
    Privileged: privileged,
    PublishAllPorts: request.PublishAllPorts ?? false,
    ReadonlyRootfs: request.ReadonlyRootfs ?? false,
    SecurityOpt: request.SecurityOpt ?? (sharesWithHost(request) ? ['label=disable'] : null),
    ...(request.StorageOpt && Object.keys(request.StorageOpt).length > 0 && { StorageOpt: request.StorageOpt }),
    ...(request.Tmpfs && Object.keys(request.Tmpfs).length > 0 && { Tmpfs: request.Tmpfs }),
    UTSMode: request.UTSMode ?? '',
    UsernsMode: request.UsernsMode ?? '',
    ShmSize: request.ShmSize || defaults.shmSizeBytes || SHM_BYTES,
    ...(request.Sysctls && Object.keys(request.Sysctls).length > 0 && { Sysctls: request.Sysctls }),
    Runtime: request.Runtime || runtimeName,
    Isolation: request.Isolation ?? '',
    CpuShares: request.CpuShares ?? 0,
    Memory: memory,
    NanoCpus: request.NanoCpus ?? 0,
    CgroupParent: request.CgroupParent || defaults.cgroupParent || '',
    BlkioWeight: defaults.hasBlkioWeight ? (request.BlkioWeight ?? 0) : 0,
    BlkioWeightDevice: request.BlkioWeightDevice ?? null,
    BlkioDeviceReadBps: request.BlkioDeviceReadBps ?? null,
    BlkioDeviceWriteBps: request.BlkioDeviceWriteBps ?? null,
    BlkioDeviceReadIOps: request.BlkioDeviceReadIOps ?? null,
    BlkioDeviceWriteIOps: request.BlkioDeviceWriteIOps ?? null,
    CpuPeriod: request.CpuPeriod ?? 0,
    CpuQuota: request.CpuQuota ?? 0,
    CpuRealtimePeriod: request.CpuRealtimePeriod ?? 0,
    CpuRealtimeRuntime: request.CpuRealtimeRuntime ?? 0,
    CpusetCpus: request.CpusetCpus ?? '',
    CpusetMems: request.CpusetMems ?? '',
    Devices: request.Devices ?? null,
    DeviceCgroupRules: request.DeviceCgroupRules ?? null,
    DeviceRequests: request.DeviceRequests ?? null,
    MemoryReservation: request.MemoryReservation ?? 0,
    MemorySwap: request.MemorySwap || (memory > 0 ? memory * 2 : 0),
    MemorySwappiness: request.MemorySwappiness === -1 ? null : (request.MemorySwappiness ?? null),
    OomKillDisable: request.OomKillDisable ?? false,
    ...(request.Init !== undefined && request.Init !== null && { Init: request.Init }),
    PidsLimit: (request.PidsLimit ?? 0) > 0 ? request.PidsLimit : null,
    Ulimits: request.Ulimits ?? null,
    CpuCount: request.CpuCount ?? 0,
    CpuPercent: request.CpuPercent ?? 0,
    IOMaximumIOps: request.IOMaximumIOps ?? 0,
    IOMaximumBandwidth: request.IOMaximumBandwidth ?? 0,
    ...(request.Mounts && request.Mounts.length > 0 && { Mounts: request.Mounts }),
    MaskedPaths: privileged ? null : (request.MaskedPaths ?? defaultMaskedPaths()),
    ReadonlyPaths: privileged ? null : (request.ReadonlyPaths ?? [...READONLY_PATHS]),
  };
}

type PortBindings = HostConfig['PortBindings'];

function portBindings(asked: PortBindings): NonNullable<PortBindings> | null {
  if (!asked) return null;
  return Object.fromEntries(
    Object.entries(asked).map(([port, bindings]) => [
      port.includes('/') ? port : `${port}/tcp`,
      bindings?.map(({ HostIp = '', HostPort = '' }) => ({ HostIp, HostPort })) ?? bindings,
    ]),
  );
}

/** What SELinux would keep apart has to meet here; Docker says so in the container's options. */
function sharesWithHost(request: HostConfig): boolean {
  return request.Privileged === true || request.PidMode === 'host' || request.IpcMode === 'host';
}

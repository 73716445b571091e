import type { OCIDescriptor } from './image.ts';
import type { Mount, MountPoint } from './mount.ts';
import type { EndpointSettings } from './network.ts';

export interface Port {
  IP?: string | undefined;
  PrivatePort?: number | undefined;
  PublicPort?: number | undefined;
  Type?: 'tcp' | 'udp' | 'sctp' | undefined;
}

export interface DeviceMapping {
  PathOnHost?: string | undefined;
  PathInContainer?: string | undefined;
  CgroupPermissions?: string | undefined;
}

export interface DeviceRequest {
  Driver?: string | undefined;
  Count?: number | undefined;
  DeviceIDs?: string[] | null | undefined;
  Capabilities?: string[][] | null | undefined;
  Options?: Record<string, string> | null | undefined;
}

export interface ThrottleDevice {
  Path?: string | undefined;
  Rate?: number | undefined;
}

export interface RestartPolicy {
  Name?: '' | 'no' | 'always' | 'unless-stopped' | 'on-failure' | undefined;
  MaximumRetryCount?: number | undefined;
}

export interface Resources {
  CpuShares?: number | undefined;
  Memory?: number | undefined;
  CgroupParent?: string | undefined;
  BlkioWeight?: number | undefined;
  BlkioWeightDevice?: { Path?: string; Weight?: number }[] | null | undefined;
  BlkioDeviceReadBps?: ThrottleDevice[] | null | undefined;
  BlkioDeviceWriteBps?: ThrottleDevice[] | null | undefined;
  BlkioDeviceReadIOps?: ThrottleDevice[] | null | undefined;
  BlkioDeviceWriteIOps?: ThrottleDevice[] | null | undefined;
  CpuPeriod?: number | undefined;
  CpuQuota?: number | undefined;
  CpuRealtimePeriod?: number | undefined;
  CpuRealtimeRuntime?: number | undefined;
  CpusetCpus?: string | undefined;
  CpusetMems?: string | undefined;
  Devices?: DeviceMapping[] | null | undefined;
  DeviceCgroupRules?: string[] | null | undefined;
  DeviceRequests?: DeviceRequest[] | null | undefined;
  KernelMemoryTCP?: number | undefined;
  MemoryReservation?: number | undefined;
  MemorySwap?: number | undefined;
  MemorySwappiness?: number | null | undefined;
  NanoCpus?: number | undefined;
  OomKillDisable?: boolean | undefined;
  Init?: boolean | null | undefined;
  PidsLimit?: number | null | undefined;
  Ulimits?: { Name?: string; Soft?: number; Hard?: number }[] | null | undefined;
  CpuCount?: number | undefined;
  CpuPercent?: number | undefined;
  IOMaximumIOps?: number | undefined;
  IOMaximumBandwidth?: number | undefined;
}

export interface HealthConfig {
  Test?: string[] | null | undefined;
  Interval?: number | undefined;
  Timeout?: number | undefined;
  Retries?: number | undefined;
  StartPeriod?: number | undefined;
  StartInterval?: number | undefined;
}

export interface Health {
  Status?: 'none' | 'starting' | 'healthy' | 'unhealthy' | undefined;
  FailingStreak?: number | undefined;
  Log?: HealthcheckResult[] | null | undefined;
}

export interface HealthcheckResult {
  Start?: string | undefined;
  End?: string | undefined;
  ExitCode?: number | undefined;
  Output?: string | undefined;
}

export interface HostConfig extends Resources {
  Binds?: string[] | null | undefined;
  ContainerIDFile?: string | undefined;
  LogConfig?:
    | {
        Type?:
          | 'local'
          | 'json-file'
          | 'syslog'
          | 'journald'
          | 'gelf'
          | 'fluentd'
          | 'awslogs'
          | 'splunk'
          | 'etwlogs'
          | 'none';
        Config?: Record<string, string> | null;
      }
    | null
    | undefined;
  NetworkMode?: string | undefined;
  PortBindings?: PortMap | null | undefined;
  RestartPolicy?: RestartPolicy | undefined;
  AutoRemove?: boolean | undefined;
  VolumeDriver?: string | undefined;
  VolumesFrom?: string[] | null | undefined;
  Mounts?: Mount[] | null | undefined;
  ConsoleSize?: number[] | null | undefined;
  Annotations?: Record<string, string> | null | undefined;
  CapAdd?: string[] | null | undefined;
  CapDrop?: string[] | null | undefined;
  CgroupnsMode?: 'private' | 'host' | undefined;
  Dns?: string[] | null | undefined;
  DnsOptions?: string[] | null | undefined;
  DnsSearch?: string[] | null | undefined;
  ExtraHosts?: string[] | null | undefined;
  GroupAdd?: string[] | null | undefined;
  IpcMode?: string | undefined;
  Cgroup?: string | undefined;
  Links?: string[] | null | undefined;
  OomScoreAdj?: number | undefined;
  PidMode?: string | undefined;
  Privileged?: boolean | undefined;
  PublishAllPorts?: boolean | undefined;
  ReadonlyRootfs?: boolean | undefined;
  SecurityOpt?: string[] | null | undefined;
  StorageOpt?: Record<string, string> | null | undefined;
  Tmpfs?: Record<string, string> | null | undefined;
  UTSMode?: string | undefined;
  UsernsMode?: string | undefined;
  ShmSize?: number | undefined;
  Sysctls?: Record<string, string> | null | undefined;
  Runtime?: string | null | undefined;
  Isolation?: 'default' | 'process' | 'hyperv' | '' | undefined;
  MaskedPaths?: string[] | null | undefined;
  ReadonlyPaths?: string[] | null | undefined;
}

export interface ContainerConfig {
  Hostname?: string | undefined;
  Domainname?: string | undefined;
  User?: string | undefined;
  AttachStdin?: boolean | undefined;
  AttachStdout?: boolean | undefined;
  AttachStderr?: boolean | undefined;
  ExposedPorts?: Record<string, unknown | null> | null | undefined;
  Tty?: boolean | undefined;
  OpenStdin?: boolean | undefined;
  StdinOnce?: boolean | undefined;
  Env?: string[] | null | undefined;
  Cmd?: string[] | null | undefined;
  Healthcheck?: HealthConfig | null | undefined;
  ArgsEscaped?: boolean | null | undefined;
  Image?: string | undefined;
  Volumes?: Record<string, unknown | null> | null | undefined;
  WorkingDir?: string | undefined;
  Entrypoint?: string[] | null | undefined;
  NetworkDisabled?: boolean | null | undefined;
  MacAddress?: string | null | undefined;
  OnBuild?: string[] | null | undefined;
  Labels?: Record<string, string> | null | undefined;
  StopSignal?: string | null | undefined;
  StopTimeout?: number | null | undefined;
  Shell?: string[] | null | undefined;
}

export interface NetworkingConfig {
  EndpointsConfig?: Record<string, EndpointSettings> | null | undefined;
}

export interface NetworkSettings {
  Bridge?: string | undefined;
  SandboxID?: string | undefined;
  HairpinMode?: boolean | undefined;
  LinkLocalIPv6Address?: string | undefined;
  LinkLocalIPv6PrefixLen?: number | undefined;
  Ports?: PortMap | null | undefined;
  SandboxKey?: string | undefined;
  SecondaryIPAddresses?: Address[] | null | undefined;
  SecondaryIPv6Addresses?: Address[] | null | undefined;
  EndpointID?: string | undefined;
  Gateway?: string | undefined;
  GlobalIPv6Address?: string | undefined;
  GlobalIPv6PrefixLen?: number | undefined;
  IPAddress?: string | undefined;
  IPPrefixLen?: number | undefined;
  IPv6Gateway?: string | undefined;
  MacAddress?: string | undefined;
  Networks?: Record<string, EndpointSettings> | null | undefined;
}

export interface Address {
  Addr?: string | undefined;
  PrefixLen?: number | undefined;
}

export type PortMap = Record<string, PortBinding[] | null>;

export interface PortBinding {
  HostIp?: string | undefined;
  HostPort?: string | undefined;
}

export interface FilesystemChange {
  Path?: string | undefined;
  Kind?: ChangeType | undefined;
}

export type ChangeType = 0 | 1 | 2;

export interface DriverData {
  Name?: string | undefined;
  Data?: Record<string, string> | null | undefined;
}

export interface ContainerInspectResponse {
  Id?: string | undefined;
  Created?: string | null | undefined;
  Path?: string | undefined;
  Args?: string[] | null | undefined;
  State?: ContainerState | undefined;
  Image?: string | undefined;
  ResolvConfPath?: string | undefined;
  HostnamePath?: string | undefined;
  HostsPath?: string | undefined;
  LogPath?: string | null | undefined;
  Name?: string | undefined;
  RestartCount?: number | undefined;
  Driver?: string | undefined;
  Platform?: string | undefined;
  ImageManifestDescriptor?: OCIDescriptor | undefined;
  MountLabel?: string | undefined;
  ProcessLabel?: string | undefined;
  AppArmorProfile?: string | undefined;
  ExecIDs?: string[] | null | undefined;
  HostConfig?: HostConfig | undefined;
  GraphDriver?: DriverData | undefined;
  SizeRw?: number | null | undefined;
  SizeRootFs?: number | null | undefined;
  Mounts?: MountPoint[] | null | undefined;
  Config?: ContainerConfig | undefined;
  NetworkSettings?: NetworkSettings | undefined;
}

export interface ContainerSummary {
  Id?: string | undefined;
  Names?: string[] | null | undefined;
  Image?: string | undefined;
  ImageID?: string | undefined;
  ImageManifestDescriptor?: OCIDescriptor | null | undefined;
  Command?: string | undefined;
  Created?: number | undefined;
  Ports?: Port[] | null | undefined;
  SizeRw?: number | null | undefined;
  SizeRootFs?: number | null | undefined;
  Labels?: Record<string, string> | null | undefined;
  State?: 'created' | 'running' | 'paused' | 'restarting' | 'exited' | 'removing' | 'dead' | undefined;
  Status?: string | undefined;
  HostConfig?: { NetworkMode?: string; Annotations?: Record<string, string> | null } | null | undefined;
  NetworkSettings?: { Networks?: Record<string, EndpointSettings> | null } | null | undefined;
  Mounts?: MountPoint[] | null | undefined;
}

export interface ContainerState {
  Status?: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead' | undefined;
  Running?: boolean | undefined;
  Paused?: boolean | undefined;
  Restarting?: boolean | undefined;
  OOMKilled?: boolean | undefined;
  Dead?: boolean | undefined;
  Pid?: number | undefined;
  ExitCode?: number | undefined;
  Error?: string | undefined;
  StartedAt?: string | undefined;
  FinishedAt?: string | undefined;
  Health?: Health | null | undefined;
}

export interface ContainerCreateResponse {
  Id?: string | undefined;
  Warnings?: string[] | null | undefined;
}

export interface ContainerUpdateResponse {
  Warnings?: string[] | null | undefined;
}

export interface ContainerTopResponse {
  Titles?: string[] | null | undefined;
  Processes?: string[][] | null | undefined;
}

export interface ContainerWaitResponse {
  StatusCode?: number | undefined;
  Error?: ContainerWaitExitError | undefined;
}

export interface ContainerWaitExitError {
  Message?: string | undefined;
}

/** `POST /containers/create`: the container's config with its host and network parts beside it. */
export interface ContainerCreateRequest extends ContainerConfig {
  HostConfig?: HostConfig | null | undefined;
  NetworkingConfig?: NetworkingConfig | null | undefined;
}

/** `POST /containers/prune`. */
export interface ContainersPruned {
  ContainersDeleted: string[] | null;
  SpaceReclaimed: number;
}

/** The decoded `X-Docker-Container-Path-Stat` header; `mode` has Go's os.FileMode bits. */
export interface PathStat {
  name: string;
  size: number;
  mode: number;
  mtime: string;
  linkTarget: string;
}

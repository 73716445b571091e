import {
  anything,
  flag,
  int,
  int64,
  list,
  map,
  struct,
  text,
  textMap,
  texts,
  uint,
  uint16,
  uint64,
  words,
} from './shape.ts';

/** The bodies of the API's requests, field by field: all that version 1.51 knows, honoured by us or not. */

const emptySet = map(struct('struct {}', {}), {}, 'map[string]struct {}');
const size = list(uint, 0, '[2]uint');

const healthcheck = struct('container.HealthConfig', {
  Test: texts,
  Interval: int64,
  Timeout: int64,
  StartPeriod: int64,
  StartInterval: int64,
  Retries: int,
});

const config = {
  Hostname: text,
  Domainname: text,
  User: text,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  ExposedPorts: emptySet,
  Tty: flag,
  OpenStdin: flag,
  StdinOnce: flag,
  Env: texts,
  Cmd: words,
  Healthcheck: healthcheck,
  ArgsEscaped: flag,
  Image: text,
  Volumes: emptySet,
  WorkingDir: text,
  Entrypoint: words,
  NetworkDisabled: flag,
  MacAddress: text,
  OnBuild: texts,
  Labels: textMap,
  StopSignal: text,
  StopTimeout: int,
  Shell: words,
};

const throttles = list(struct('blkiodev.ThrottleDevice', { Path: text, Rate: uint64 }), {}, '[]*ThrottleDevice');
const weights = list(struct('blkiodev.WeightDevice', { Path: text, Weight: uint16 }), {}, '[]*WeightDevice');

const resources = {
  CpuShares: int64,
  Memory: int64,
  NanoCpus: int64,
  CgroupParent: text,
  BlkioWeight: uint16,
  BlkioWeightDevice: weights,
  BlkioDeviceReadBps: throttles,
  BlkioDeviceWriteBps: throttles,
  BlkioDeviceReadIOps: throttles,
  BlkioDeviceWriteIOps: throttles,
  CpuPeriod: int64,
  CpuQuota: int64,
  CpuRealtimePeriod: int64,
  CpuRealtimeRuntime: int64,
  CpusetCpus: text,
  CpusetMems: text,
  Devices: list(struct('DeviceMapping', { PathOnHost: text, PathInContainer: text, CgroupPermissions: text }), {}),
  DeviceCgroupRules: texts,
  DeviceRequests: list(
    struct('DeviceRequest', {
      Driver: text,
      Count: int,
      DeviceIDs: texts,
      Capabilities: list(texts, [], '[][]string'),
      Options: textMap,
    }),
    {},
  ),
  KernelMemory: int64,
  KernelMemoryTCP: int64,
  MemoryReservation: int64,
  MemorySwap: int64,
  MemorySwappiness: int64,
  OomKillDisable: flag,
  Init: flag,
  PidsLimit: int64,
  Ulimits: list(struct('units.Ulimit', { Name: text, Hard: int64, Soft: int64 }), {}, '[]*Ulimit'),
  CpuCount: int64,
  CpuPercent: int64,
  IOMaximumIOps: uint64,
  IOMaximumBandwidth: uint64,
};

const mount = struct('mount.Mount', {
  Type: text,
  Source: text,
  Target: text,
  ReadOnly: flag,
  Consistency: text,
  BindOptions: struct('BindOptions', {
    Propagation: text,
    NonRecursive: flag,
    CreateMountpoint: flag,
    ReadOnlyNonRecursive: flag,
    ReadOnlyForceRecursive: flag,
  }),
  VolumeOptions: struct('VolumeOptions', {
    NoCopy: flag,
    Labels: textMap,
    Subpath: text,
    DriverConfig: struct('Driver', { Name: text, Options: textMap }),
  }),
  ImageOptions: struct('ImageOptions', { Subpath: text }),
  TmpfsOptions: struct('TmpfsOptions', { SizeBytes: int64, Mode: uint, Options: list(texts, [], '[][]string') }),
  ClusterOptions: anything,
});

const portMap = map(
  list(struct('PortBinding', { HostIp: text, HostPort: text }), {}, '[]PortBinding'),
  [],
  'nat.PortMap',
);

const restartPolicy = struct('RestartPolicy', { Name: text, MaximumRetryCount: int });

const hostConfig = struct('container.HostConfig', {
  ...resources,
  Binds: texts,
  ContainerIDFile: text,
  LogConfig: struct('LogConfig', { Type: text, Config: textMap }),
  NetworkMode: text,
  PortBindings: portMap,
  RestartPolicy: restartPolicy,
  AutoRemove: flag,
  VolumeDriver: text,
  VolumesFrom: texts,
  Mounts: list(mount, {}, '[]Mount'),
  ConsoleSize: size,
  Annotations: textMap,
  CapAdd: words,
  CapDrop: words,
  CgroupnsMode: text,
  Dns: texts,
  DnsOptions: texts,
  DnsSearch: texts,
  ExtraHosts: texts,
  GroupAdd: texts,
  IpcMode: text,
  Cgroup: text,
  Links: texts,
  OomScoreAdj: int,
  PidMode: text,
  Privileged: flag,
  PublishAllPorts: flag,
  ReadonlyRootfs: flag,
  SecurityOpt: texts,
  StorageOpt: textMap,
  Tmpfs: textMap,
  UTSMode: text,
  UsernsMode: text,
  ShmSize: int64,
  Sysctls: textMap,
  Runtime: text,
  Isolation: text,
  MaskedPaths: texts,
  ReadonlyPaths: texts,
});

const endpointSettings = struct('network.EndpointSettings', {
  IPAMConfig: struct('EndpointIPAMConfig', { IPv4Address: text, IPv6Address: text, LinkLocalIPs: texts }),
  Links: texts,
  MacAddress: text,
  Aliases: texts,
  DriverOpts: textMap,
  GwPriority: int,
  NetworkID: text,
  EndpointID: text,
  Gateway: text,
  IPAddress: text,
  IPPrefixLen: int,
  IPv6Gateway: text,
  GlobalIPv6Address: text,
  GlobalIPv6PrefixLen: int,
  DNSNames: texts,
});

/** `goName` is how Go's errors name the struct that a field stands in. */
export const CONTAINER_CREATE = {
  goName: '',
  decode: struct('container.CreateRequest', {
    ...config,
    HostConfig: hostConfig,
    NetworkingConfig: struct('network.NetworkingConfig', {
      EndpointsConfig: map(endpointSettings, {}, 'map[string]*network.EndpointSettings'),
    }),
  }),
};

export const EXEC_CREATE = {
  goName: 'ExecOptions',
  decode: struct('container.ExecOptions', {
    User: text,
    Privileged: flag,
    Tty: flag,
    ConsoleSize: size,
    AttachStdin: flag,
    AttachStdout: flag,
    AttachStderr: flag,
    Detach: flag,
    DetachKeys: text,
    Env: texts,
    WorkingDir: text,
    Cmd: texts,
  }),
};

export const EXEC_START = {
  goName: 'ExecStartOptions',
  decode: struct('container.ExecStartOptions', { Detach: flag, Tty: flag, ConsoleSize: size }),
};

export const VOLUME_CREATE = {
  goName: 'CreateOptions',
  decode: struct('volume.CreateOptions', {
    Name: text,
    Driver: text,
    DriverOpts: textMap,
    Labels: textMap,
    ClusterVolumeSpec: anything,
  }),
};

export const NETWORK_CREATE = {
  goName: 'CreateRequest',
  decode: struct('network.CreateRequest', {
    Name: text,
    CheckDuplicate: flag,
    Driver: text,
    Scope: text,
    EnableIPv4: flag,
    EnableIPv6: flag,
    IPAM: struct('network.IPAM', {
      Driver: text,
      Options: textMap,
      Config: list(
        struct('IPAMConfig', { Subnet: text, IPRange: text, Gateway: text, AuxiliaryAddresses: textMap }),
        {},
      ),
    }),
    Internal: flag,
    Attachable: flag,
    Ingress: flag,
    ConfigOnly: flag,
    ConfigFrom: struct('ConfigReference', { Network: text }),
    Options: textMap,
    Labels: textMap,
  }),
};

export const ULIMITS = {
  goName: '',
  decode: list(struct('units.Ulimit', { Name: text, Hard: int64, Soft: int64 }), {}, '[]*container.Ulimit'),
};

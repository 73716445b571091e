export interface SystemVersion {
  Platform?: { Name?: string } | null | undefined;
  Components?: { Name?: string; Version?: string; Details?: Record<string, unknown> | null }[] | null | undefined;
  Version?: string | undefined;
  ApiVersion?: string | undefined;
  MinAPIVersion?: string | undefined;
  GitCommit?: string | undefined;
  GoVersion?: string | undefined;
  Os?: string | undefined;
  Arch?: string | undefined;
  KernelVersion?: string | undefined;
  Experimental?: boolean | undefined;
  BuildTime?: string | undefined;
}

export interface SystemInfo {
  ID?: string | undefined;
  Containers?: number | undefined;
  ContainersRunning?: number | undefined;
  ContainersPaused?: number | undefined;
  ContainersStopped?: number | undefined;
  Images?: number | undefined;
  Driver?: string | undefined;
  DriverStatus?: string[][] | null | undefined;
  DockerRootDir?: string | undefined;
  Plugins?: PluginsInfo | undefined;
  MemoryLimit?: boolean | undefined;
  SwapLimit?: boolean | undefined;
  KernelMemoryTCP?: boolean | undefined;
  CpuCfsPeriod?: boolean | undefined;
  CpuCfsQuota?: boolean | undefined;
  CPUShares?: boolean | undefined;
  CPUSet?: boolean | undefined;
  PidsLimit?: boolean | undefined;
  OomKillDisable?: boolean | undefined;
  IPv4Forwarding?: boolean | undefined;
  Debug?: boolean | undefined;
  NFd?: number | undefined;
  NGoroutines?: number | undefined;
  SystemTime?: string | undefined;
  LoggingDriver?: string | undefined;
  CgroupDriver?: 'cgroupfs' | 'systemd' | 'none' | undefined;
  CgroupVersion?: '1' | '2' | undefined;
  NEventsListener?: number | undefined;
  KernelVersion?: string | undefined;
  OperatingSystem?: string | undefined;
  OSVersion?: string | undefined;
  OSType?: string | undefined;
  Architecture?: string | undefined;
  NCPU?: number | undefined;
  MemTotal?: number | undefined;
  IndexServerAddress?: string | undefined;
  RegistryConfig?: RegistryServiceConfig | undefined;
  GenericResources?: unknown | undefined;
  HttpProxy?: string | undefined;
  HttpsProxy?: string | undefined;
  NoProxy?: string | undefined;
  Name?: string | undefined;
  Labels?: string[] | null | undefined;
  ExperimentalBuild?: boolean | undefined;
  ServerVersion?: string | undefined;
  Runtimes?: Record<string, Runtime> | null | undefined;
  DefaultRuntime?: string | undefined;
  Swarm?: unknown | undefined;
  LiveRestoreEnabled?: boolean | undefined;
  Isolation?: 'default' | 'hyperv' | 'process' | '' | undefined;
  InitBinary?: string | undefined;
  ContainerdCommit?: Commit | undefined;
  RuncCommit?: Commit | undefined;
  InitCommit?: Commit | undefined;
  SecurityOptions?: string[] | null | undefined;
  ProductLicense?: string | undefined;
  DefaultAddressPools?: { Base?: string; Size?: number }[] | null | undefined;
  FirewallBackend?: FirewallInfo | undefined;
  DiscoveredDevices?: DeviceInfo[] | null | undefined;
  Warnings?: string[] | null | undefined;
  CDISpecDirs?: string[] | null | undefined;
  Containerd?: ContainerdInfo | undefined;
}

export interface ContainerdInfo {
  Address?: string | undefined;
  Namespaces?: { Containers?: string; Plugins?: string } | null | undefined;
}

export interface FirewallInfo {
  Driver?: string | undefined;
  Info?: string[][] | null | undefined;
}

export interface PluginsInfo {
  Volume?: string[] | null | undefined;
  Network?: string[] | null | undefined;
  Authorization?: string[] | null | undefined;
  Log?: string[] | null | undefined;
}

export interface RegistryServiceConfig {
  InsecureRegistryCIDRs?: string[] | null | undefined;
  IndexConfigs?: Record<string, IndexInfo> | null | undefined;
  Mirrors?: string[] | null | undefined;
}

export interface IndexInfo {
  Name?: string | undefined;
  Mirrors?: string[] | null | undefined;
  Secure?: boolean | undefined;
  Official?: boolean | undefined;
}

export interface Runtime {
  path?: string | undefined;
  runtimeArgs?: string[] | null | undefined;
  status?: Record<string, string> | null | undefined;
}

export interface Commit {
  ID?: string | undefined;
}

export interface DeviceInfo {
  Source?: string | undefined;
  ID?: string | undefined;
}

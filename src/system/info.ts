import { cpus, hostname, machine, release, totalmem } from 'node:os';
import type { SystemInfo } from '../api/index.ts';
import { cgroupFacts, openFileCount, operatingSystem, readText } from './kernel.ts';
import type { SystemNeeds } from './needs.ts';
import { limitWarnings } from './warnings.ts';

export async function describeSystem(needs: SystemNeeds): Promise<SystemInfo> {
  const cgroup = cgroupFacts();
  const canForward = readText('/proc/sys/net/ipv4/ip_forward').trim() === '1';
  const warnings = [...needs.warnings, ...limitWarnings(cgroup, canForward)];
  return {
    ...(await engineInfo(needs)),
    MemoryLimit: cgroup.memory,
    SwapLimit: cgroup.swap,
    KernelMemoryTCP: cgroup.kernelMemoryTcp,
    CpuCfsPeriod: cgroup.cpuQuota,
    CpuCfsQuota: cgroup.cpuQuota,
    CPUShares: cgroup.cpuShares,
    CPUSet: cgroup.cpuset,
    PidsLimit: cgroup.pids,
    OomKillDisable: cgroup.oomKillDisable,
    IPv4Forwarding: canForward,
    NFd: openFileCount(),
    NGoroutines: 0,
    SystemTime: needs.now().toISOString(),
    CgroupDriver: 'cgroupfs',
    CgroupVersion: cgroup.version,
    NEventsListener: 0,
    ...machineInfo(),
    ...registryInfo(),
    SecurityOptions: securityOptions(cgroup.version),
    FirewallBackend: { Driver: 'nftables' },
    CDISpecDirs: [],
    Warnings: warnings.length === 0 ? null : warnings,
  };
}

async function engineInfo(needs: SystemNeeds): Promise<SystemInfo> {
  const { engine, runtime, storage } = needs;
  const counts = needs.containerCounts();
  return {
    ID: engine.id,
    Containers: counts.total,
    ContainersRunning: counts.running,
    ContainersPaused: counts.paused,
    ContainersStopped: counts.stopped,
    Images: await needs.imageCount(),
    Driver: storage.driver,
    DriverStatus: storage.status,
    DockerRootDir: engine.dataRoot,
    Plugins: {
      Volume: ['local'],
      Network: ['bridge', 'host', 'null'],
      Authorization: null,
      Log: ['json-file', 'none'],
    },
    Debug: engine.isDebug,
    LoggingDriver: needs.loggingDriver,
    Labels: engine.labels,
    ExperimentalBuild: false,
    ServerVersion: engine.version,
    Runtimes: { [runtime.name]: { path: runtime.path } },
    DefaultRuntime: runtime.name,
    Swarm: {
      NodeID: '',
      NodeAddr: '',
      LocalNodeState: 'inactive',
      ControlAvailable: false,
      Error: '',
      RemoteManagers: null,
    },
    LiveRestoreEnabled: engine.isLiveRestore,
    Isolation: '',
    InitBinary: engine.initBinary,
    ContainerdCommit: { ID: '' },
    RuncCommit: { ID: runtime.name === 'runc' ? runtime.version : '' },
    InitCommit: { ID: '' },
  };
}

function machineInfo(): SystemInfo {
  return {
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSVersion: '',
    OSType: 'linux',
    Architecture: machine(),
    NCPU: cpus().length,
    MemTotal: totalmem(),
    GenericResources: null,
    Name: hostname(),
  };
}

function registryInfo(): SystemInfo {
  return {
    IndexServerAddress: 'https://index.docker.io/v1/',
    RegistryConfig: {
      IndexConfigs: { 'docker.io': { Name: 'docker.io', Mirrors: [], Secure: true, Official: true } },
      InsecureRegistryCIDRs: ['::1/128', '127.0.0.0/8'],
      Mirrors: null,
    },
    HttpProxy: withoutPassword(process.env.HTTP_PROXY ?? process.env.http_proxy ?? ''),
    HttpsProxy: withoutPassword(process.env.HTTPS_PROXY ?? process.env.https_proxy ?? ''),
    NoProxy: process.env.NO_PROXY ?? process.env.no_proxy ?? '',
  };
}

/** A proxy's user and password are nobody's business who may read `info`. */
function withoutPassword(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, '$1xxxxx:xxxxx@');
}

function securityOptions(cgroupVersion: '1' | '2'): string[] {
  const seccomp = readText('/proc/self/status').includes('\nSeccomp:') ? ['name=seccomp,profile=builtin'] : [];
  return cgroupVersion === '2' ? [...seccomp, 'name=cgroupns'] : seccomp;
}

import { join } from 'node:path';
import type { ContainerInspectResponse, ContainerState, NetworkSettings } from '../api/index.ts';
import { type Container, snapshotOf } from './container.ts';
import type { Context } from './context.ts';
import { endpointsOf, portsOf, toMountPoint } from './list/describe.ts';
import { sizesOf } from './list/list.ts';

type Needs = Pick<Context, 'directory' | 'images' | 'snapshots' | 'logs'>;

export async function inspectContainer(
  needs: Needs,
  ref: string,
  options: { size: boolean },
): Promise<ContainerInspectResponse> {
  const container = needs.directory.get(ref);
  const { record, dir, id } = container;
  const { hostConfig, config } = record;
  const hasRun = record.state.startedAt.startsWith('0001-') ? record.state.error !== '' : true;
  const file = (name: string): string => (hasRun ? join(dir, name) : '');
  return {
    Id: id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: stateOf(container),
    Image: record.imageId,
    ResolvConfPath: file('resolv.conf'),
    HostnamePath: file('hostname'),
    HostsPath: file('hosts'),
    LogPath: hasRun ? needs.logs.path(container.logged) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: needs.snapshots.form === 'overlay' ? 'overlay2' : 'vfs',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: execIdsOf(container),
    HostConfig: hostConfig,
    GraphDriver: await graphDriverOf(needs, container),
    ...(options.size && { SizeRw: 0, ...(await sizesOf(needs, container)) }),
    Mounts: record.mounts.map(toMountPoint),
    Config: config,
    NetworkSettings: networkSettingsOf(container),
  };
}

function stateOf(container: Container): ContainerState {
  const { state } = container.record;
  const { status } = state;
  return {
    Status: status,
    Running: status === 'running' || status === 'paused' || status === 'restarting',
    Paused: status === 'paused',
    Restarting: status === 'restarting',
    OOMKilled: state.oomKilled,
    Dead: status === 'dead',
    Pid: container.run?.process.pid ?? 0,
    ExitCode: state.exitCode,
    Error: state.error,
    StartedAt: state.startedAt,
    FinishedAt: state.finishedAt,
  };
}

function execIdsOf(container: Container): string[] | null {
  const ids = [...container.execs.values()].filter((exec) => exec.isRunning).map((exec) => exec.id);
  return ids.length === 0 ? null : ids;
}

async function graphDriverOf(
  { snapshots }: Needs,
  container: Container,
): Promise<NonNullable<ContainerInspectResponse['GraphDriver']>> {
  const key = snapshotOf(container.id);
  if (snapshots.form !== 'overlay') return { Data: { ID: container.id }, Name: 'vfs' };
  const [upper = '', ...lower] = await snapshots.chainDirs(key).catch(() => []);
  const work = upper.replace(/\/[^/]+$/, '/work');
  const Data = {
    ID: container.id,
    LowerDir: lower.join(':'),
    MergedDir: container.rootfs,
    UpperDir: upper,
    WorkDir: work,
  };
  return { Data, Name: 'overlay2' };
}

function networkSettingsOf(container: Container): NetworkSettings {
  const networks = endpointsOf(container);
  const { run } = container;
  const bridge = run?.sandbox === undefined ? undefined : networks['bridge'];
  const key = run?.sandbox?.netnsPath ?? '';
  return {
    Bridge: '',
    SandboxID: run?.sandbox === undefined ? '' : container.id,
    SandboxKey: key,
    Ports: portsOf(container),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    EndpointID: bridge?.EndpointID ?? '',
    Gateway: bridge?.Gateway ?? '',
    GlobalIPv6Address: bridge?.GlobalIPv6Address ?? '',
    GlobalIPv6PrefixLen: bridge?.GlobalIPv6PrefixLen ?? 0,
    IPAddress: bridge?.IPAddress ?? '',
    IPPrefixLen: bridge?.IPPrefixLen ?? 0,
    IPv6Gateway: bridge?.IPv6Gateway ?? '',
    MacAddress: bridge?.MacAddress ?? '',
    Networks: networks,
  };
}

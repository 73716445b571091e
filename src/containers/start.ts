import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EngineError, isEngineError, messageOf } from '../errors/index.ts';
import { Rollback } from '../lib/index.ts';
import type { LogWriter } from '../logs/index.ts';
import type { Sandbox } from '../networks/index.ts';
import type { RuntimeSpec } from '../oci/index.ts';
import type { RunningProcess } from '../runtime/index.ts';
import type { Container } from './container.ts';
import type { Context } from './context.ts';
import { findHostCa, HOST_CA_ANNOTATION, HOST_CA_PATH, hostCaEnv } from './host-ca.ts';
import { missingSource } from './mounts/mount-points.ts';
import { ensureMountTargets, isFile } from './mounts/targets.ts';
import { namespacesFor, runningContainer, shmSourceFor, unmountShm } from './namespaces.ts';
import { sandboxRequest } from './network-request.ts';
import { ZERO_TIME } from './record.ts';
import { useRootfs } from './rootfs.ts';
import { userOf } from './rootfs-user.ts';
import { parseSecurityOptions } from './security-options.ts';
import { buildSpec } from './spec/build-spec.ts';
import { withCompiledSeccomp } from './spec/compiled-seccomp.ts';
import type { ReadyMount } from './spec/mounts.ts';
import { next } from './state.ts';
import { formatTime } from './time.ts';
import { resolveWorkingDir } from './working-dir.ts';

export type StartNeeds = Pick<
  Context,
  | 'snapshots'
  | 'runtime'
  | 'networks'
  | 'volumes'
  | 'logs'
  | 'events'
  | 'directory'
  | 'records'
  | 'facts'
  | 'config'
  | 'now'
>;

/**
 * Brings a container up: network and file system at the same time, then the spec, then the process. What fails takes
 * back what was made; the state stays what it was, with the error and exit code 125, 126 or 127 in it. Under its lock.
 * The caller watches `container.run.process.exited`.
 */
export async function startLocked(needs: StartNeeds, container: Container): Promise<void> {
  const { state } = container.record;
  state.error = '';
  await using undo = new Rollback();
  try {
    const settled = await Promise.allSettled([
      openNetwork(needs, container, undo),
      openFiles(needs, container, undo),
      needs.logs.openWriter(container.logged),
    ]);
    const [network, mounts, log] = settled;
    if (log.status === 'fulfilled') undo.push(() => log.value.close());
    const failed = settled.find((one) => one.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    if (network.status !== 'fulfilled' || mounts.status !== 'fulfilled' || log.status !== 'fulfilled') return;
    const spec = specFor(needs, container, network.value, mounts.value, undo);
    const process = await run(needs, container, spec);
    undo.commit();
    started(needs, container, process, network.value.own, log.value);
  } catch (error) {
    state.exitCode = exitCodeOf(error);
    state.error = messageOf(error);
    needs.records.saveLater(container);
    throw error;
  }
}

interface Network {
  /** The sandbox to close; undefined on another container's network. */
  own: Sandbox | undefined;
  /** What the container sees. */
  shown: Sandbox;
  choice: 'host' | { path: string };
  filesDir: string;
}

async function openNetwork(needs: StartNeeds, container: Container, undo: Rollback): Promise<Network> {
  const mode = container.record.hostConfig.NetworkMode ?? '';
  if (mode.startsWith('container:')) return joinNetwork(needs, mode);
  const sandbox = await needs.networks.open(sandboxRequest(container));
  undo.push(() => needs.networks.close(container.id));
  const { files } = sandbox;
  writeFileSync(join(container.dir, 'hosts'), files.hosts, { mode: 0o644 });
  writeFileSync(join(container.dir, 'resolv.conf'), files.resolvConf, { mode: 0o644 });
  writeFileSync(join(container.dir, 'hostname'), files.hostname, { mode: 0o644 });
  const choice = sandbox.netnsPath === undefined ? ('host' as const) : { path: sandbox.netnsPath };
  return { own: sandbox, shown: sandbox, choice, filesDir: container.dir };
}

function joinNetwork({ directory }: StartNeeds, mode: string): Network {
  let other: Container;
  try {
    other = runningContainer(mode, directory);
  } catch (error) {
    throw withText(error, `joining network namespace of container: ${messageOf(error)}`);
  }
  const shown = other.run?.sandbox ?? {
    netnsPath: undefined,
    files: { hosts: '', resolvConf: '', hostname: '' },
    networks: {},
    ports: {},
  };
  const isHost = other.record.hostConfig.NetworkMode === 'host';
  const choice = isHost ? ('host' as const) : { path: `/proc/${other.run?.process.pid}/ns/net` };
  return { own: undefined, shown, choice, filesDir: other.dir };
}

/** A container on another's network is known there by the other's names. */
function namesOf({ directory }: StartNeeds, container: Container): { hostname: string; domainname: string } {
  const mode = container.record.hostConfig.NetworkMode ?? '';
  const { config } = (mode.startsWith('container:') ? runningContainer(mode, directory) : container).record;
  return { hostname: config.Hostname ?? '', domainname: config.Domainname ?? '' };
}

/** The root mounted, each volume and bind ready. */
async function openFiles(needs: StartNeeds, container: Container, undo: Rollback): Promise<ReadyMount[]> {
  undo.push(await useRootfs(container, needs.snapshots));
  const ready: ReadyMount[] = [];
  for (const mount of container.record.mounts) {
    const hostPath = await hostPathOf(needs, container, mount, undo);
    ready.push({ ...mount, hostPath, isFile: hostPath !== '' && isFile(hostPath) });
  }
  return ready;
}

async function hostPathOf(
  { volumes }: StartNeeds,
  container: Container,
  mount: Container['record']['mounts'][number],
  undo: Rollback,
): Promise<string> {
  if (mount.type === 'tmpfs') return '';
  if (mount.type === 'volume') {
    const use = { destination: mount.destination, isWritable: mount.writable, propagation: mount.propagation };
    const path = await volumes.mountpoint(mount.name, container.id, use);
    undo.push(() => volumes.unmount(mount.name, container.id));
    return path;
  }
  if (!existsSync(mount.source)) {
    if (!mount.createSource) throw missingSource(mount.source);
    mkdirSync(mount.source, { recursive: true, mode: 0o755 });
  }
  return mount.source;
}

const KERNEL_MOUNTS = ['/proc', '/sys', '/dev'];

function specFor(
  needs: StartNeeds,
  container: Container,
  network: Network,
  mounts: ReadyMount[],
  undo: Rollback,
): RuntimeSpec {
  const { config, hostConfig, id, path, args } = container.record;
  const { rootfs } = container;
  const files = filesFor(needs, container, network);
  const tmpfs = Object.keys(hostConfig.Tmpfs ?? {});
  const shmSource = shmSourceFor(container, needs.directory);
  undo.push(() => unmountShm(container));
  ensureMountTargets(rootfs, [
    ...tmpfs.map((destination) => ({ destination, isFile: false })),
    ...mounts.map(({ destination, isFile }) => ({ destination, isFile })),
    ...files.map(({ destination }) => ({ destination, isFile: true })),
  ]);
  const folders = [
    ...[...KERNEL_MOUNTS, ...tmpfs].map((destination) => ({ destination, hostPath: undefined })),
    ...mounts.map(({ destination, hostPath }) => ({ destination, hostPath: hostPath === '' ? undefined : hostPath })),
  ];
  const cwd = resolveWorkingDir(config.WorkingDir || '/', rootfs, folders);
  const hasInit = isInit(needs, container);
  const isHostCa = files.some(({ destination }) => destination === HOST_CA_PATH);
  const [height = 0, width = 0] = hostConfig.ConsoleSize ?? [];
  const namespaces = namespacesFor(container, needs.directory);
  const mode = hostConfig.NetworkMode ?? '';
  const security = parseSecurityOptions(hostConfig.SecurityOpt ?? []);
  return buildSpec({
    id,
    rootfs,
    ...namesOf(needs, container),
    hostConfig,
    mounts,
    files,
    shmSource,
    isCgroupWritable: hostConfig.Privileged === true || security.writableCgroups,
    process: {
      args: [...(hasInit ? ['/sbin/docker-init', '--'] : []), path, ...args],
      env: [...(config.Env ?? []), ...(isHostCa ? hostCaEnv(config.Env ?? []) : [])],
      cwd,
      user: userOf(rootfs, config.User ?? '', hostConfig.GroupAdd ?? []),
      tty: config.Tty ?? false,
      ...(height > 0 && width > 0 && { consoleSize: { height, width } }),
    },
    namespaces: { ...namespaces, network: network.choice },
    isNetworkOwn: mode !== 'host' && !mode.startsWith('container:'),
    security,
    facts: needs.facts,
    defaults: {
      noNewPrivileges: needs.config.noNewPrivileges ?? false,
      seccompProfile: needs.config.seccompProfile ?? 'builtin',
      ulimits: needs.config.ulimits ?? [],
    },
  });
}

/** Files of ours that the container sees. */
function filesFor(
  needs: StartNeeds,
  container: Container,
  network: Network,
): { destination: string; source: string; readOnly: boolean }[] {
  const { hostConfig } = container.record;
  const from = (name: string): string => join(network.filesDir, name);
  const readOnly = hostConfig.ReadonlyRootfs === true;
  const files = [
    { destination: '/etc/resolv.conf', source: from('resolv.conf'), readOnly },
    { destination: '/etc/hostname', source: from('hostname'), readOnly },
    { destination: '/etc/hosts', source: from('hosts'), readOnly },
  ];
  if (isInit(needs, container)) {
    files.push({ destination: '/sbin/docker-init', source: needs.config.initPath ?? DEFAULT_INIT, readOnly: true });
  }
  if (hostConfig.Annotations?.[HOST_CA_ANNOTATION] === 'true') {
    const bundle = findHostCa(needs.config.hostCaBundle);
    if (bundle !== undefined) files.push({ destination: HOST_CA_PATH, source: bundle, readOnly: true });
  }
  return files;
}

const DEFAULT_INIT = '/usr/bin/tini-static';

/** An init program makes sense only as the first process of a pid namespace of the container's own. */
function isInit({ config }: StartNeeds, { record }: Container): boolean {
  const { Init: init, PidMode: pid = '' } = record.hostConfig;
  return pid === '' && (init ?? config.init ?? false);
}

async function run(needs: StartNeeds, container: Container, spec: RuntimeSpec): Promise<RunningProcess> {
  const { id } = container;
  const { Memory: memory = 0 } = container.record.hostConfig;
  const { SecurityOpt: options } = container.record.hostConfig;
  const isShared = parseSecurityOptions(options ?? []).seccomp === undefined;
  return needs.runtime.run({
    id,
    spec: withCompiledSeccomp(spec, { runtime: needs.runtime.name, isShared }),
    stdio: container.stdio,
    ...(spec.process.consoleSize && { consoleSize: spec.process.consoleSize }),
    ...(memory > 0 && { memoryLimited: true }),
  });
}

function started(
  needs: StartNeeds,
  container: Container,
  process: RunningProcess,
  sandbox: Sandbox | undefined,
  log: LogWriter,
): void {
  const { record } = container;
  const { state } = record;
  state.status = next(state.status, 'start');
  state.startedAt = formatTime(process.startedAtMs);
  state.finishedAt = state.finishedAt === '' ? ZERO_TIME : state.finishedAt;
  Object.assign(state, { exitCode: 0, error: '', oomKilled: false });
  container.run = { process, sandbox, log, startedAtMs: process.startedAtMs };
  for (const [name, { NetworkID }] of Object.entries(sandbox?.networks ?? {})) {
    if (NetworkID !== undefined) record.endpoints[name] = { ...record.endpoints[name], NetworkID };
  }
  if (sandbox !== undefined)
    writeFileSync(join(container.execDir, 'sandbox.json'), JSON.stringify(sandbox), { mode: 0o600 });
  // A container that removes itself needs no note of having run: a restart removes it unless its process is there.
  if (!container.record.hostConfig.AutoRemove) needs.records.saveLater(container);
  needs.events.publish('container', 'start', { id: container.id, attributes: container.attributes });
}

function exitCodeOf(error: unknown): number {
  const code = isEngineError(error) ? error.detail['exitCode'] : undefined;
  return typeof code === 'number' ? code : 128;
}

/** The same error with Docker's words before its own. */
function withText(error: unknown, text: string): Error {
  if (!isEngineError(error)) return new EngineError('system', text, { code: 'start-failed', cause: error });
  return new EngineError(error.kind, text, { code: error.code, detail: error.detail, cause: error });
}

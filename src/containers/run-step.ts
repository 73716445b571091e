import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidParameter } from '../errors/index.ts';
import { Rollback, unwind } from '../lib/index.ts';
import type { SandboxRequest } from '../networks/index.ts';
import type { RuntimeSpec } from '../oci/index.ts';
import type { RunningProcess } from '../runtime/index.ts';
import type { Context } from './context.ts';
import type { RunStep, StepRequest } from './contract.ts';
import { findHostCa, HOST_CA_PATH, hostCaEnv } from './host-ca.ts';
import { withDefaults } from './host-config.ts';
import { MountStubs } from './mounts/stubs.ts';
import { isFile } from './mounts/targets.ts';
import { runningContainer } from './namespaces.ts';
import { userOf } from './rootfs-user.ts';
import { buildSpec, type NamespaceChoice } from './spec/build-spec.ts';
import { withCompiledSeccomp } from './spec/compiled-seccomp.ts';
import type { ReadyMount } from './spec/mounts.ts';
import { resolveWorkingDir } from './working-dir.ts';

export type StepNeeds = Pick<
  Context,
  'runtime' | 'networks' | 'directory' | 'dirs' | 'facts' | 'config' | 'logs' | 'warn'
>;

const HOSTNAME = 'berth-build';
const SIGKILL = 9;
const KERNEL_FOLDERS = ['/proc', '/sys', '/dev'];

/**
 * One process with a container's default confinement on a root the builder has mounted. Nothing is recorded; what it was
 * given (mount points, network files) is gone from the root when it returns.
 */
export function createRunStep(needs: StepNeeds): RunStep {
  return async (request, signal) => {
    signal.throwIfAborted();
    const undo = new Rollback();
    const stubs = new MountStubs(request.rootfs);
    try {
      const process = await startStep(needs, request, undo, stubs);
      const abort = (): void =>
        void needs.runtime.killAll(request.id).catch(() => needs.runtime.kill(request.id, SIGKILL));
      signal.addEventListener('abort', abort, { once: true });
      if (signal.aborted) abort();
      try {
        const piped = Promise.all([
          pipe(process.io.stdout, 'stdout', request),
          process.io.stderr && pipe(process.io.stderr, 'stderr', request),
        ]);
        const facts = await process.exited;
        await piped;
        signal.throwIfAborted();
        return { exitCode: facts.exitCode, oomKilled: facts.oomKilled };
      } finally {
        signal.removeEventListener('abort', abort);
      }
    } finally {
      await unwind(undo.commit()).catch((error: unknown) => needs.warn(`build step ${request.id}: ${error}`));
      stubs.remove();
    }
  };
}

async function pipe(stream: AsyncIterable<Buffer>, name: 'stdout' | 'stderr', { output }: StepRequest): Promise<void> {
  for await (const chunk of stream) await output(name, chunk);
}

async function startStep(
  needs: StepNeeds,
  request: StepRequest,
  undo: Rollback,
  stubs: MountStubs,
): Promise<RunningProcess> {
  const dir = join(needs.dirs.exec, 'steps', request.id);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  undo.push(() => rmSync(dir, { recursive: true, force: true }));
  const network = await openNetwork(needs, request, dir, undo);
  const spec = specFor(needs, request, network, dir, stubs);
  undo.push(() => needs.runtime.release(request.id));
  return needs.runtime.run({
    id: request.id,
    spec: withCompiledSeccomp(spec, { runtime: needs.runtime.name, isShared: true }),
    stdio: { tty: false, stdin: 'none' },
    ...(request.limits.memoryBytes && { memoryLimited: true }),
  });
}

async function openNetwork(
  needs: StepNeeds,
  request: StepRequest,
  dir: string,
  undo: Rollback,
): Promise<{ choice: NamespaceChoice; isOwn: boolean }> {
  const mode = request.networkMode === '' ? 'default' : request.networkMode;
  const isJoined = mode.startsWith('container:');
  const sandbox = await needs.networks.open(sandboxRequest(request, isJoined ? 'none' : mode));
  undo.push(() => needs.networks.close(request.id));
  const { files } = sandbox;
  writeFileSync(join(dir, 'hosts'), files.hosts, { mode: 0o644 });
  writeFileSync(join(dir, 'resolv.conf'), files.resolvConf, { mode: 0o644 });
  if (isJoined) {
    const other = runningContainer(mode, needs.directory);
    return { choice: { path: `/proc/${other.run?.process.pid}/ns/net` }, isOwn: false };
  }
  if (sandbox.netnsPath === undefined) return { choice: 'host', isOwn: false };
  return { choice: { path: sandbox.netnsPath }, isOwn: true };
}

function sandboxRequest(request: StepRequest, mode: string): SandboxRequest {
  return {
    id: request.id,
    name: `build-${request.id.slice(0, 12)}`,
    hostname: request.hostname ?? HOSTNAME,
    domainname: '',
    mode,
    endpoints: {},
    exposedPorts: [],
    portBindings: {},
    publishAllPorts: false,
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    extraHosts: request.extraHosts,
    links: [],
  };
}

function specFor(
  needs: StepNeeds,
  request: StepRequest,
  network: { choice: NamespaceChoice; isOwn: boolean },
  dir: string,
  stubs: MountStubs,
): RuntimeSpec {
  const { rootfs, limits } = request;
  const bundle = request.hostCa ? findHostCa(needs.config.hostCaBundle) : undefined;
  const files = [
    { destination: '/etc/resolv.conf', source: join(dir, 'resolv.conf'), readOnly: true },
    { destination: '/etc/hosts', source: join(dir, 'hosts'), readOnly: true },
    ...(bundle === undefined ? [] : [{ destination: HOST_CA_PATH, source: bundle, readOnly: true }]),
  ];
  const mounts = request.extraMounts.map(toMount);
  stubs.ensure(
    KERNEL_FOLDERS.map((destination) => ({ destination, isFile: false })),
    { noLinks: true },
  );
  const cwd = resolveWorkingDir(request.cwd || '/', rootfs, [
    ...KERNEL_FOLDERS.map((destination) => ({ destination, hostPath: undefined })),
    ...mounts,
  ]);
  stubs.ensure([
    ...mounts.map(({ destination, isFile }) => ({ destination, isFile })),
    ...files.map(({ destination }) => ({ destination, isFile: true })),
  ]);
  const hostname = request.hostname ?? HOSTNAME;
  return buildSpec({
    id: request.id,
    rootfs,
    hostname,
    domainname: '',
    hostConfig: hostConfigOf(needs, request),
    mounts,
    files,
    shmSource: undefined,
    isCgroupWritable: false,
    process: {
      args: request.args,
      env: [...request.env, ...(bundle === undefined ? [] : hostCaEnv(request.env))],
      cwd,
      user: userOf(rootfs, request.user, []),
      tty: false,
    },
    namespaces: {
      pid: 'own',
      ipc: 'own',
      uts: 'own',
      cgroup: needs.facts.isCgroupV2 ? 'own' : 'host',
      network: network.choice,
    },
    isNetworkOwn: network.isOwn,
    security: {
      noNewPrivileges: undefined,
      seccomp: undefined,
      isSystemPathsUnconfined: false,
      writableCgroups: false,
    },
    facts: needs.facts,
    defaults: {
      noNewPrivileges: needs.config.noNewPrivileges ?? false,
      seccompProfile: needs.config.seccompProfile ?? 'builtin',
      ulimits: [...(needs.config.ulimits ?? []), ...(limits.ulimits ?? [])],
    },
  });
}

function hostConfigOf(
  { facts, runtime, logs }: StepNeeds,
  { limits, shmSizeBytes }: StepRequest,
): ReturnType<typeof withDefaults> {
  if (/\0|(^|\/)\.\.(\/|$)/.test(limits.cgroupParent ?? '')) {
    throw invalidParameter('invalid-cgroup-parent', `invalid cgroup parent: ${limits.cgroupParent}`);
  }
  const asked = {
    ...(limits.memoryBytes !== undefined && { Memory: limits.memoryBytes }),
    ...(limits.memorySwapBytes !== undefined && { MemorySwap: limits.memorySwapBytes }),
    ...(limits.cpuShares !== undefined && { CpuShares: limits.cpuShares }),
    ...(limits.cpuPeriod !== undefined && { CpuPeriod: limits.cpuPeriod }),
    ...(limits.cpuQuota !== undefined && { CpuQuota: limits.cpuQuota }),
    ...(limits.cpusetCpus !== undefined && { CpusetCpus: limits.cpusetCpus }),
    ...(limits.cpusetMems !== undefined && { CpusetMems: limits.cpusetMems }),
    ...(limits.cgroupParent && { CgroupParent: limits.cgroupParent }),
    ...(shmSizeBytes !== undefined && { ShmSize: shmSizeBytes }),
  };
  return withDefaults(asked, {
    isCgroupV2: facts.isCgroupV2,
    hasBlkioWeight: facts.hasBlkioWeight,
    runtimeName: runtime.name,
    logConfig: logs.defaultConfig,
  });
}

function toMount({ source, target, readOnly }: StepRequest['extraMounts'][number]): ReadyMount {
  return {
    type: 'bind',
    destination: target,
    hostPath: source,
    isFile: isFile(source),
    source,
    name: '',
    driver: '',
    mode: '',
    writable: !readOnly,
    propagation: 'rprivate',
    isNonRecursive: false,
    isReadOnlyNonRecursive: false,
    isReadOnlyForceRecursive: false,
    copyUp: false,
    createSource: false,
    tmpfsOptions: [],
    isAnonymous: false,
  };
}

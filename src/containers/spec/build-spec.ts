import type { HostConfig } from '../../api/index.ts';
import type { LinuxSpec, ProcessSpec, RuntimeSpec, SeccompSpec } from '../../oci/index.ts';
import type { SecurityOptions } from '../security-options.ts';
import { capabilitySets, effectiveCapabilities } from './capabilities.ts';
import { DEFAULT_DEVICE_RULES, hostDevices, mappedDevices, parseDeviceRule } from './devices.ts';
import type { HostFacts } from './host-facts.ts';
import { type MountInput, mountsOf, rootfsPropagation } from './mounts.ts';
import { resourcesOf } from './resources.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import { NETWORK_SYSCTLS } from './sysctls.ts';
import type { ResolvedUser } from './user.ts';

/** `own`: a fresh one; `host`: the daemon's; a path: somebody else's. */
export type NamespaceChoice = 'own' | 'host' | { path: string };

export interface SpecInput extends MountInput {
  id: string;
  rootfs: string;
  hostname: string;
  domainname: string;
  process: {
    args: string[];
    env: string[];
    cwd: string;
    user: ResolvedUser;
    tty: boolean;
    consoleSize?: { height: number; width: number };
  };
  namespaces: {
    pid: NamespaceChoice;
    ipc: NamespaceChoice;
    uts: NamespaceChoice;
    network: NamespaceChoice;
    cgroup: NamespaceChoice;
  };
  /** The network namespace is the container's own (made by `networks` or by the runtime). */
  isNetworkOwn: boolean;
  security: SecurityOptions;
  facts: HostFacts;
  defaults: {
    noNewPrivileges: boolean;
    seccompProfile: string;
    ulimits: { name: string; soft: number; hard: number }[];
  };
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The OCI runtime spec: pure but for the host's device nodes, which `--device` and `--privileged` name. */
export function buildSpec(input: SpecInput): RuntimeSpec {
  const { hostConfig, id } = input;
  const capabilities = effectiveCapabilities({
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    isPrivileged: hostConfig.Privileged === true,
    available: input.facts.capabilities,
  });
  const isOwnUts = input.namespaces.uts === 'own';
  return {
    ociVersion: '1.0.2',
    process: processOf(input, capabilities),
    root: { path: input.rootfs, ...(hostConfig.ReadonlyRootfs && { readonly: true }) },
    ...(isOwnUts && { hostname: input.hostname }),
    ...(isOwnUts && input.domainname !== '' && { domainname: input.domainname }),
    mounts: mountsOf(input),
    ...annotationsOf(hostConfig),
    linux: linuxOf(input, capabilities, id),
  };
}

function processOf(input: SpecInput, capabilities: string[]): ProcessSpec {
  const { process, security, hostConfig } = input;
  const { uid, gid, additionalGids, home } = process.user;
  const rlimits = rlimitsOf(input);
  return {
    terminal: process.tty,
    ...(process.consoleSize && { consoleSize: process.consoleSize }),
    user: { uid, gid, additionalGids },
    args: process.args,
    env: environment(process.env, process.tty, input.hostname, home),
    cwd: process.cwd === '' ? '/' : process.cwd,
    capabilities: capabilitySets(capabilities),
    ...(rlimits.length > 0 && { rlimits }),
    noNewPrivileges: security.noNewPrivileges ?? input.defaults.noNewPrivileges,
    oomScoreAdj: hostConfig.OomScoreAdj ?? 0,
  };
}

/** PATH, HOSTNAME and TERM first, as Docker has them; a variable of the container's own keeps the place and wins. */
export function environment(own: readonly string[], tty: boolean, hostname: string, home: string): string[] {
  const env = new Map<string, string>();
  env.set('PATH', `PATH=${DEFAULT_PATH}`);
  env.set('HOSTNAME', `HOSTNAME=${hostname}`);
  if (tty) env.set('TERM', 'TERM=xterm');
  for (const entry of own) {
    const name = entry.split('=', 1)[0] ?? '';
    // Without `=` it takes a variable away.
    if (entry.includes('=')) env.set(name, entry);
    else env.delete(name);
  }
  if (!env.has('HOME')) env.set('HOME', `HOME=${home}`);
  return [...env.values()];
}

function rlimitsOf({ hostConfig, defaults }: SpecInput): NonNullable<ProcessSpec['rlimits']> {
  const limits = new Map(defaults.ulimits.map(({ name, soft, hard }) => [name, { soft, hard }]));
  for (const { Name = '', Soft = 0, Hard = 0 } of hostConfig.Ulimits ?? [])
    limits.set(Name, { soft: Soft, hard: Hard });
  return [...limits].map(([name, { soft, hard }]) => ({ type: `RLIMIT_${name.toUpperCase()}`, hard, soft }));
}

function linuxOf(input: SpecInput, capabilities: string[], id: string): LinuxSpec {
  const { hostConfig, facts, security } = input;
  const isPrivileged = hostConfig.Privileged === true;
  const mapped = mappedDevices(hostConfig.Devices ?? []);
  const rules = isPrivileged
    ? [{ allow: true, access: 'rwm' }]
    : [...DEFAULT_DEVICE_RULES, ...mapped.rules, ...(hostConfig.DeviceCgroupRules ?? []).map(parseDeviceRule)];
  const nodes = isPrivileged ? [...hostDevices(), ...mapped.nodes] : mapped.nodes;
  const seccomp = seccompOf(input, capabilities);
  const propagation = rootfsPropagation(input.mounts);
  const isOpen = isPrivileged || security.isSystemPathsUnconfined;
  return {
    namespaces: namespacesOf(input),
    // Without one the runtime puts it below the engine's own.
    ...(hostConfig.CgroupParent && { cgroupsPath: `${hostConfig.CgroupParent}/${id}/c` }),
    ...(nodes.length > 0 && { devices: nodes }),
    resources: resourcesOf(hostConfig, rules, facts.isCgroupV2),
    ...(seccomp && { seccomp }),
    sysctl: { ...(input.isNetworkOwn && NETWORK_SYSCTLS), ...hostConfig.Sysctls },
    maskedPaths: isOpen ? [] : (hostConfig.MaskedPaths ?? []),
    readonlyPaths: isOpen ? [] : (hostConfig.ReadonlyPaths ?? []),
    ...(propagation && { rootfsPropagation: propagation }),
  };
}

function namespacesOf({ namespaces }: SpecInput): LinuxSpec['namespaces'] {
  const list: LinuxSpec['namespaces'] = [{ type: 'mount' }];
  for (const type of ['network', 'uts', 'pid', 'ipc', 'cgroup'] as const) {
    const choice = namespaces[type];
    if (choice === 'own') list.push({ type });
    else if (choice !== 'host') list.push({ type, path: choice.path });
  }
  return list;
}

const cache = new Map<string, SeccompSpec>();

function seccompOf(
  { hostConfig, security, facts, defaults }: SpecInput,
  capabilities: string[],
): SeccompSpec | undefined {
  const { architecture, kernelRelease } = facts;
  const target = { architecture, kernelRelease, capabilities };
  const asked = security.seccomp ?? (hostConfig.Privileged ? 'unconfined' : defaults.seccompProfile);
  if (asked === 'unconfined') return undefined;
  if (asked !== 'builtin' && asked !== '') return customSeccomp(asked, target);
  const key = `${architecture} ${capabilities.join(' ')}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const built = defaultSeccomp(target);
  if (cache.size < 64) cache.set(key, built);
  return built;
}

function annotationsOf(hostConfig: HostConfig): Pick<RuntimeSpec, 'annotations'> {
  const entries = Object.entries(hostConfig.Annotations ?? {}).filter(([name]) => !name.startsWith('berth.'));
  return entries.length === 0 ? {} : { annotations: Object.fromEntries(entries) };
}

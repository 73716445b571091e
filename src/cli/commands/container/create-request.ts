import { readFileSync } from 'node:fs';
import type { ContainerCreateRequest, EndpointSettings, HealthConfig, HostConfig } from '../../../api/index.ts';
import { invalidParameter, messageOf } from '../../../errors/index.ts';
import type { FlagValues } from '../../flags/spec.ts';
import {
  parseByteRate,
  parseCountRate,
  parseCpus,
  parseDeviceWeight,
  parseDuration,
  parseGpus,
  parseHostEntry,
  parseSize,
  parseUlimit,
} from '../../flags/values.ts';
import type { CreateFlags } from './create-flags.ts';
import { parseMount } from './mounts.ts';
import { type PublishedPorts, parseExpose, parsePublish } from './ports.ts';

type Flags = FlagValues<CreateFlags>;

const bad = (message: string): Error => invalidParameter('bad-flag', message);

/** Why a file cannot be read, in the words docker's users know. */
const openFailure = (path: string, error: unknown): string => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return `open ${path}: no such file or directory`;
  if (code === 'EACCES') return `open ${path}: permission denied`;
  return code === 'EISDIR' ? `read ${path}: is a directory` : messageOf(error);
};

const bytes = (text: string | undefined): number => (text === undefined ? 0 : parseSize(text));

function duration(flag: string, text: string | undefined): number {
  const value = text === undefined ? 0 : parseDuration(text);
  if (value < 0) throw bad(`--${flag} cannot be negative`);
  return value;
}

/** `key=value` words as a map; a word without `=` has the empty value. */
function pairs(words: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      return at < 0 ? [word, ''] : [word.slice(0, at), word.slice(at + 1)];
    }),
  );
}

/** Lines of a file of variables or labels: comments and empty lines left out. */
function fileLines(path: string): string[] {
  let content: string;
  try {
    content = readFileSync(path, 'utf8');
  } catch (error) {
    throw bad(openFailure(path, error));
  }
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** A variable without a value takes the caller's; one that the caller lacks is left out. */
export function resolveEnv(words: readonly string[], files: readonly string[], env: NodeJS.ProcessEnv): string[] {
  return [...files.flatMap(variablesOf), ...words].flatMap((word) => {
    if (word.includes('=')) return [word];
    const value = env[word];
    return value === undefined ? [] : [`${word}=${value}`];
  });
}

function variablesOf(path: string): string[] {
  const lines = fileLines(path);
  for (const line of lines) {
    const name = line.split('=')[0] ?? '';
    if (name === '') throw bad(`invalid env file (${path}): no variable name on line '${line}'`);
    if (/\s/.test(name)) throw bad(`invalid env file (${path}): variable '${name}' contains whitespaces`);
  }
  return lines;
}

function health(flags: Flags): HealthConfig | undefined {
  const timings = {
    Interval: duration('health-interval', flags['health-interval']),
    Timeout: duration('health-timeout', flags['health-timeout']),
    StartPeriod: duration('health-start-period', flags['health-start-period']),
    StartInterval: duration('health-start-interval', flags['health-start-interval']),
    Retries: flags['health-retries'],
  };
  const isSet = flags['health-cmd'] !== undefined || Object.values(timings).some((value) => value !== 0);
  if (flags['no-healthcheck']) {
    if (isSet) throw bad('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!isSet) return undefined;
  return { ...timings, ...(flags['health-cmd'] && { Test: ['CMD-SHELL', flags['health-cmd']] }) };
}

/** The last word for a limit counts; sorted by name. */
function ulimits(words: readonly string[]): HostConfig['Ulimits'] {
  const byName = new Map(words.map((word) => [parseUlimit(word).Name, parseUlimit(word)]));
  return [...byName.keys()].sort().flatMap((name) => byName.get(name) ?? []);
}

function restartPolicy(text: string): HostConfig['RestartPolicy'] {
  const [name = '', count] = text.split(':');
  if (count !== undefined && !/^\d+$/.test(count))
    throw bad('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name as NonNullable<HostConfig['RestartPolicy']>['Name'], MaximumRetryCount: Number(count ?? 0) };
}

function devices(words: readonly string[]): HostConfig['Devices'] {
  const isMode = (text: string): boolean => /^[rwm]{1,3}$/.test(text);
  return words.map((word) => {
    const [host = '', second = '', third, ...rest] = word.split(':');
    if (rest.length > 0 || host === '') throw bad(`bad format for path: ${word}`);
    const hasPath = second !== '' && !(third === undefined && isMode(second));
    const mode = third ?? (isMode(second) ? second : 'rwm');
    if (!isMode(mode)) throw bad(`bad mode specified: ${mode}`);
    if (hasPath && !second.startsWith('/')) throw bad(`${second} is not an absolute path`);
    return { PathOnHost: host, PathInContainer: hasPath ? second : host, CgroupPermissions: mode };
  });
}

/** What namespaces may be shared with; the rest is refused before anything is made. */
function checkModes(flags: Flags): void {
  const container = /^container:.+$/;
  const is = (value: string | undefined, ...allowed: (string | RegExp)[]): boolean =>
    !value || allowed.some((one) => (typeof one === 'string' ? one === value : one.test(value)));
  if (!is(flags.pid, 'host', container)) throw bad('--pid: invalid PID mode');
  if (!is(flags.uts, 'host')) throw bad('--uts: invalid UTS mode');
  if (!is(flags.userns, 'host')) throw bad('--userns: invalid USER mode');
  if (!is(flags.cgroupns, 'host', 'private')) throw bad('--cgroupns: invalid CGROUP mode');
  const mac = flags['mac-address'];
  if (mac !== undefined && mac !== '' && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(mac))
    throw bad(`${mac} is not a valid mac address`);
  if (flags['storage-opt'].some((word) => !word.includes('='))) throw bad('invalid storage option');
}

const capability = (word: string): string => {
  const name = word.trim().toUpperCase();
  return name === 'ALL' || name.startsWith('CAP_') ? name : `CAP_${name}`;
};

/** `--security-opt`: a seccomp profile is a file of the caller's machine and travels as its JSON; `systempaths` becomes two lists. */
function security(words: readonly string[]): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const unconfinedPaths = words.includes('systempaths=unconfined');
  const options = words
    .filter((word) => word !== 'systempaths=unconfined')
    .map((word) => {
      if (word !== 'no-new-privileges' && !/[=:]/.test(word))
        throw bad(`Invalid --security-opt: ${JSON.stringify(word)}`);
      const [, path] = /^seccomp[=:](.+)$/.exec(word) ?? [];
      if (path === undefined || path === 'unconfined' || path === 'builtin') return word;
      try {
        return `seccomp=${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))}`;
      } catch (error) {
        throw bad(`opening seccomp profile (${path}) failed: ${openFailure(path, error)}`);
      }
    });
  return { SecurityOpt: options, ...(unconfinedPaths && { MaskedPaths: [], ReadonlyPaths: [] }) };
}

/** `--network name` or `--network name=…,alias=…,ip=…`. */
function endpointOf(word: string): { name: string; endpoint: EndpointSettings | undefined } {
  if (!word.includes('=')) return { name: word, endpoint: undefined };
  const options = word.split(',').map((part): [string, string] => {
    const at = part.indexOf('=');
    return [part.slice(0, at), part.slice(at + 1)];
  });
  const all = (key: string): string[] => options.filter(([name]) => name === key).map(([, value]) => value);
  const get = (key: string): string | undefined => all(key)[0];
  const priority = get('gw-priority');
  const [links, linkLocal, driverOptions, aliases] = ['link', 'link-local-ip', 'driver-opt', 'alias'].map(all);
  const hasAddress = Boolean(get('ip') || get('ip6') || linkLocal?.length);
  const endpoint: EndpointSettings = {
    ...(aliases?.length && { Aliases: aliases }),
    ...(links?.length && { Links: links }),
    ...(driverOptions?.length && { DriverOpts: pairs(driverOptions) }),
    ...(hasAddress && {
      IPAMConfig: {
        ...(get('ip') && { IPv4Address: get('ip') }),
        ...(get('ip6') && { IPv6Address: get('ip6') }),
        ...(linkLocal?.length && { LinkLocalIPs: linkLocal }),
      },
    }),
    ...(get('mac-address') && { MacAddress: get('mac-address') }),
    ...(priority !== undefined && { GwPriority: Number(priority) }),
  };
  return { name: get('name') ?? '', endpoint };
}

/** The network mode (the first network) and the endpoints; single flags like `--ip` belong to the first one. */
function networks(flags: Flags): { mode: string; endpoints: Record<string, EndpointSettings> } {
  const found = [...flags.network, ...flags.net].map(endpointOf);
  const mode = found[0]?.name ?? 'default';
  const endpoints: Record<string, EndpointSettings> = {};
  for (const { name, endpoint } of [{ name: mode, endpoint: undefined }, ...found]) endpoints[name] = endpoint ?? {};
  if (mode === 'host' || mode.startsWith('container:')) delete endpoints[mode];
  const aliases = [...flags['network-alias'], ...flags['net-alias']];
  const linkLocal = flags['link-local-ip'];
  const isUserDefined = !['default', 'bridge', 'host', 'none'].includes(mode) && !mode.startsWith('container:');
  const first: EndpointSettings = {
    ...(aliases.length > 0 && { Aliases: aliases }),
    ...(flags.link.length > 0 && isUserDefined && { Links: flags.link }),
    ...((flags.ip || flags.ip6 || linkLocal.length > 0) && {
      IPAMConfig: {
        ...(flags.ip && { IPv4Address: flags.ip }),
        ...(flags.ip6 && { IPv6Address: flags.ip6 }),
        ...(linkLocal.length > 0 && { LinkLocalIPs: linkLocal }),
      },
    }),
    ...(flags['mac-address'] && { MacAddress: flags['mac-address'] }),
  };
  if (Object.keys(first).length > 0) endpoints[mode] = { ...endpoints[mode], ...first };
  return { mode, endpoints };
}

/** Volumes: with a colon a bind (relative sources made absolute), without one an anonymous volume. */
function volumes(words: readonly string[]): { binds: string[]; anonymous: Record<string, Record<string, never>> } {
  const binds: string[] = [];
  const anonymous: Record<string, Record<string, never>> = {};
  for (const word of words) {
    if (word === '') throw bad('invalid empty volume spec');
    const [source = '', ...rest] = word.split(':');
    if (rest.length === 0) anonymous[word] = {};
    else if (source.startsWith('.') || source.startsWith('~/')) {
      const { resolve } = process.getBuiltinModule('node:path');
      binds.push([resolve(source.replace(/^~/, process.env['HOME'] ?? '~')), ...rest].join(':'));
    } else binds.push(word);
  }
  return { binds, anonymous };
}

/** What is attached: what `-a` names, else everything (stdin only with `-i`), nothing when detached. */
export function attachments(flags: Flags, isDetached: boolean): { stdin: boolean; stdout: boolean; stderr: boolean } {
  const named = flags.attach.map((name) => name.toLowerCase());
  if (isDetached) return { stdin: false, stdout: false, stderr: false };
  if (named.length === 0) return { stdin: flags.interactive, stdout: true, stderr: true };
  return { stdin: named.includes('stdin'), stdout: named.includes('stdout'), stderr: named.includes('stderr') };
}

/** The request of `create`/`run`. Pure but for the files that flags name. @throws invalid-parameter `bad-flag`, `bad-publish`, `bad-mount` */
export function createRequest(
  flags: Flags,
  [image = '', ...command]: readonly string[],
  context: { env: NodeJS.ProcessEnv; isDetached: boolean; terminal?: { rows: number; columns: number } },
): ContainerCreateRequest {
  checkModes(flags);
  const ports: PublishedPorts = { exposed: {}, bindings: {} };
  for (const text of flags.publish) parsePublish(text, ports);
  for (const text of flags.expose) parseExpose(text, ports);
  const attach = attachments(flags, context.isDetached);
  const volume = volumes(flags.volume);
  const network = networks(flags);
  const memorySwap = bytes(flags['memory-swap']);
  const labels = pairs([
    ...flags['label-file'].flatMap(fileLines).filter((line) => line.includes('=')),
    ...flags.label,
  ]);
  if (flags.rm && flags.restart !== 'no' && flags.restart !== '')
    throw bad('conflicting options: cannot specify both --restart and --rm');
  return {
    Hostname: flags.hostname ?? '',
    Domainname: flags.domainname ?? '',
    User: flags.user ?? '',
    AttachStdin: attach.stdin,
    AttachStdout: attach.stdout,
    AttachStderr: attach.stderr,
    ExposedPorts: ports.exposed,
    Tty: flags.tty,
    OpenStdin: flags.interactive,
    StdinOnce: flags.interactive && attach.stdin,
    Env: resolveEnv(flags.env, flags['env-file'], context.env),
    Cmd: command.length > 0 ? command : null,
    Healthcheck: health(flags),
    Image: image,
    Volumes: volume.anonymous,
    WorkingDir: flags.workdir ?? '',
    Entrypoint: flags.entrypoint === undefined ? null : [flags.entrypoint],
    Labels: labels,
    ...(flags['stop-signal'] !== undefined && { StopSignal: flags['stop-signal'] }),
    ...(flags['stop-timeout'] !== undefined && { StopTimeout: flags['stop-timeout'] }),
    HostConfig: {
      Binds: volume.binds,
      NetworkMode: network.mode,
      PortBindings: ports.bindings,
      PublishAllPorts: flags['publish-all'],
      RestartPolicy: restartPolicy(flags.restart),
      AutoRemove: flags.rm,
      LogConfig: { Type: (flags['log-driver'] ?? '') as 'json-file', Config: pairs(flags['log-opt']) },
      VolumeDriver: flags['volume-driver'] ?? '',
      VolumesFrom: flags['volumes-from'],
      Mounts: flags.mount.map(parseMount),
      Annotations: { ...pairs(flags.annotation), ...(flags['host-ca'] && { 'berth.host-ca': 'true' }) },
      CapAdd: flags['cap-add'].map(capability),
      CapDrop: flags['cap-drop'].map(capability),
      ...(flags.cgroupns !== undefined && { CgroupnsMode: flags.cgroupns as 'host' }),
      Dns: flags.dns,
      DnsOptions: flags['dns-option'],
      DnsSearch: flags['dns-search'],
      ExtraHosts: flags['add-host'].map(parseHostEntry),
      GroupAdd: flags['group-add'],
      IpcMode: flags.ipc ?? '',
      Links: flags.link,
      OomScoreAdj: flags['oom-score-adj'],
      PidMode: flags.pid ?? '',
      Privileged: flags.privileged,
      ReadonlyRootfs: flags['read-only'],
      ...security(flags['security-opt']),
      StorageOpt: pairs(flags['storage-opt']),
      Tmpfs: Object.fromEntries(
        flags.tmpfs.map((word) => [word.split(':')[0] ?? '', word.split(':').slice(1).join(':')]),
      ),
      UTSMode: flags.uts ?? '',
      UsernsMode: flags.userns ?? '',
      ShmSize: bytes(flags['shm-size']),
      Sysctls: pairs(flags.sysctl),
      ...(flags.runtime !== undefined && { Runtime: flags.runtime }),
      CpuShares: flags['cpu-shares'],
      Memory: bytes(flags.memory),
      MemoryReservation: bytes(flags['memory-reservation']),
      MemorySwap: memorySwap,
      ...(flags['memory-swappiness'] !== -1 && { MemorySwappiness: flags['memory-swappiness'] }),
      NanoCpus: flags.cpus === undefined ? 0 : parseCpus(flags.cpus),
      CgroupParent: flags['cgroup-parent'] ?? '',
      BlkioWeight: flags['blkio-weight'],
      BlkioWeightDevice: flags['blkio-weight-device'].map(parseDeviceWeight),
      BlkioDeviceReadBps: flags['device-read-bps'].map(parseByteRate),
      BlkioDeviceWriteBps: flags['device-write-bps'].map(parseByteRate),
      BlkioDeviceReadIOps: flags['device-read-iops'].map(parseCountRate),
      BlkioDeviceWriteIOps: flags['device-write-iops'].map(parseCountRate),
      CpuPeriod: flags['cpu-period'],
      CpuQuota: flags['cpu-quota'],
      CpuRealtimePeriod: flags['cpu-rt-period'],
      CpuRealtimeRuntime: flags['cpu-rt-runtime'],
      CpusetCpus: flags['cpuset-cpus'] ?? '',
      CpusetMems: flags['cpuset-mems'] ?? '',
      Devices: devices(flags.device),
      DeviceCgroupRules: flags['device-cgroup-rule'],
      OomKillDisable: flags['oom-kill-disable'],
      ...(flags.gpus !== undefined && { DeviceRequests: [parseGpus(flags.gpus)] }),
      ...(flags.isolation !== undefined && { Isolation: flags.isolation as 'default' }),
      ...(flags.init && { Init: true }),
      PidsLimit: flags['pids-limit'],
      Ulimits: ulimits(flags.ulimit),
      ...(context.terminal !== undefined && { ConsoleSize: [context.terminal.rows, context.terminal.columns] }),
    },
    NetworkingConfig: { EndpointsConfig: network.endpoints },
  };
}

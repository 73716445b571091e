import { readFileSync } from 'node:fs';
import type {
  ContainerCreateRequest,
  EndpointSettings,
  HealthConfig,
  HostConfig,
  ThrottleDevice,
} from '../../../api/index.ts';
import { invalidParameter } from '../../../errors/index.ts';
import type { FlagValues } from '../../flags/spec.ts';
import { parseBytes, parseDurationNs } from '../../format/units.ts';
import type { CreateFlags } from './create-flags.ts';
import { parseMount } from './mounts.ts';
import { type PublishedPorts, parseExpose, parsePublish } from './ports.ts';

type Flags = FlagValues<CreateFlags>;

const bad = (message: string): Error => invalidParameter('bad-flag', message);

function bytes(flag: string, text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (text === '-1') return -1;
  const size = parseBytes(text);
  if (size === undefined) throw bad(`invalid argument "${text}" for "--${flag}" flag: invalid size: '${text}'`);
  return size;
}

function duration(flag: string, text: string | undefined): number {
  if (text === undefined) return 0;
  const value = parseDurationNs(text);
  if (value === undefined)
    throw bad(`invalid argument "${text}" for "--${flag}" flag: time: invalid duration "${text}"`);
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
    const { code } = error as NodeJS.ErrnoException;
    throw bad(`open ${path}: ${code === 'ENOENT' ? 'no such file or directory' : code}`);
  }
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trimStart())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/** A variable without a value takes the caller's; one that the caller lacks is left out. */
export function resolveEnv(words: readonly string[], files: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const all = [...files.flatMap(fileLines), ...words];
  for (const word of all) {
    if (word.startsWith('=') || word === '')
      throw bad(`invalid argument "${word}" for "-e, --env" flag: invalid environment variable: ${word}`);
  }
  return all.flatMap((word) => {
    if (word.includes('=')) return [word];
    const value = env[word];
    return value === undefined ? [] : [`${word}=${value}`];
  });
}

function throttles(words: readonly string[], isSize: boolean): ThrottleDevice[] | undefined {
  if (words.length === 0) return undefined;
  return words.map((word) => {
    const [path = '', rate = ''] = word.split(':');
    return { Path: path, Rate: isSize ? bytes('device-read-bps', rate) : Number(rate) };
  });
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

function ulimits(words: readonly string[]): HostConfig['Ulimits'] {
  return words.map((word) => {
    const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(word);
    if (match === null) throw bad(`invalid argument "${word}" for "--ulimit" flag: invalid ulimit argument: ${word}`);
    return { Name: match[1] ?? '', Soft: Number(match[2]), Hard: Number(match[3] ?? match[2]) };
  });
}

function restartPolicy(text: string): HostConfig['RestartPolicy'] {
  const [name = '', count] = text.split(':');
  if (count !== undefined && !/^\d+$/.test(count))
    throw bad('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name as NonNullable<HostConfig['RestartPolicy']>['Name'], MaximumRetryCount: Number(count ?? 0) };
}

function devices(words: readonly string[]): HostConfig['Devices'] {
  return words.map((word) => {
    const [host = '', second, third] = word.split(':');
    const isMode = (text: string | undefined): boolean => text !== undefined && /^[rwm]+$/.test(text);
    const inside = second === undefined || isMode(second) ? host : second;
    return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: third ?? (isMode(second) ? second : 'rwm') };
  });
}

/** `--security-opt`: a seccomp profile is a file of the caller's machine and travels as its JSON; `systempaths` becomes two lists. */
function security(words: readonly string[]): Pick<HostConfig, 'SecurityOpt' | 'MaskedPaths' | 'ReadonlyPaths'> {
  const unconfinedPaths = words.includes('systempaths=unconfined');
  const options = words
    .filter((word) => word !== 'systempaths=unconfined')
    .map((word) => {
      const [, path] = /^seccomp[=:](.+)$/.exec(word) ?? [];
      if (path === undefined || path === 'unconfined' || path === 'builtin') return word;
      try {
        return `seccomp=${JSON.stringify(JSON.parse(readFileSync(path, 'utf8')))}`;
      } catch (error) {
        throw bad(
          `opening seccomp profile (${path}) failed: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    });
  return { SecurityOpt: options, ...(unconfinedPaths && { MaskedPaths: [], ReadonlyPaths: [] }) };
}

/** `--network name` or `--network name=…,alias=…,ip=…`. */
function networks(flags: Flags): { mode: string; endpoints: Record<string, EndpointSettings> } {
  const words = [...flags.network, ...flags.net];
  const endpoints: Record<string, EndpointSettings> = {};
  const names = words.map((word) => {
    if (!word.includes('=')) return word;
    const options = word.split(',').map((part) => part.split('='));
    const get = (key: string): string | undefined => options.find(([name]) => name === key)?.[1];
    const name = get('name') ?? '';
    endpoints[name] = {
      Aliases: options.filter(([key]) => key === 'alias').map(([, value]) => value ?? ''),
      ...((get('ip') || get('ip6')) && { IPAMConfig: { IPv4Address: get('ip'), IPv6Address: get('ip6') } }),
      ...(get('mac-address') && { MacAddress: get('mac-address') }),
    };
    return name;
  });
  const mode = names[0] ?? 'default';
  for (const name of names.slice(1)) endpoints[name] ??= {};
  if (flags['network-alias'].length > 0 || flags.ip || flags.ip6 || flags['mac-address']) {
    endpoints[mode] = {
      ...endpoints[mode],
      ...(flags['network-alias'].length > 0 && { Aliases: flags['network-alias'] }),
      ...((flags.ip || flags.ip6) && { IPAMConfig: { IPv4Address: flags.ip, IPv6Address: flags.ip6 } }),
      ...(flags['mac-address'] && { MacAddress: flags['mac-address'] }),
    };
  }
  return { mode, endpoints };
}

/** Volumes: with a colon a bind (relative sources made absolute), without one an anonymous volume. */
function volumes(words: readonly string[]): { binds: string[]; anonymous: Record<string, Record<string, never>> } {
  const binds: string[] = [];
  const anonymous: Record<string, Record<string, never>> = {};
  for (const word of words) {
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
  const wrong = named.find((name) => !['stdin', 'stdout', 'stderr'].includes(name));
  if (wrong !== undefined)
    throw bad(`invalid argument "${wrong}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`);
  if (isDetached) {
    if (named.length > 0) throw bad('Conflicting options: -a and -d');
    return { stdin: false, stdout: false, stderr: false };
  }
  if (named.length === 0) return { stdin: flags.interactive, stdout: true, stderr: true };
  return { stdin: named.includes('stdin'), stdout: named.includes('stdout'), stderr: named.includes('stderr') };
}

/** The request of `create`/`run`. Pure but for the files that flags name. @throws invalid-parameter `bad-flag`, `bad-publish`, `bad-mount` */
export function createRequest(
  flags: Flags,
  [image = '', ...command]: readonly string[],
  context: { env: NodeJS.ProcessEnv; isDetached: boolean; terminal?: { rows: number; columns: number } },
): ContainerCreateRequest {
  const ports: PublishedPorts = { exposed: {}, bindings: {} };
  for (const text of flags.publish) parsePublish(text, ports);
  for (const text of flags.expose) parseExpose(text, ports);
  const attach = attachments(flags, context.isDetached);
  const volume = volumes(flags.volume);
  const network = networks(flags);
  const memorySwap = bytes('memory-swap', flags['memory-swap']);
  const labels = pairs([...flags['label-file'].flatMap(fileLines), ...flags.label]);
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
      CapAdd: flags['cap-add'],
      CapDrop: flags['cap-drop'],
      ...(flags.cgroupns !== undefined && { CgroupnsMode: flags.cgroupns as 'host' }),
      Dns: flags.dns,
      DnsOptions: flags['dns-option'],
      DnsSearch: flags['dns-search'],
      ExtraHosts: flags['add-host'].map((word) => word.replace(/^([^:=]+)=/, '$1:')),
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
      ShmSize: bytes('shm-size', flags['shm-size']),
      Sysctls: pairs(flags.sysctl),
      ...(flags.runtime !== undefined && { Runtime: flags.runtime }),
      CpuShares: flags['cpu-shares'],
      Memory: bytes('memory', flags.memory),
      MemoryReservation: bytes('memory-reservation', flags['memory-reservation']),
      MemorySwap: memorySwap,
      ...(flags['memory-swappiness'] !== -1 && { MemorySwappiness: flags['memory-swappiness'] }),
      NanoCpus: flags.cpus === undefined ? 0 : nanoCpus(flags.cpus),
      CgroupParent: flags['cgroup-parent'] ?? '',
      BlkioWeight: flags['blkio-weight'],
      BlkioDeviceReadBps: throttles(flags['device-read-bps'], true),
      BlkioDeviceWriteBps: throttles(flags['device-write-bps'], true),
      BlkioDeviceReadIOps: throttles(flags['device-read-iops'], false),
      BlkioDeviceWriteIOps: throttles(flags['device-write-iops'], false),
      CpuPeriod: flags['cpu-period'],
      CpuQuota: flags['cpu-quota'],
      CpuRealtimePeriod: flags['cpu-rt-period'],
      CpuRealtimeRuntime: flags['cpu-rt-runtime'],
      CpusetCpus: flags['cpuset-cpus'] ?? '',
      CpusetMems: flags['cpuset-mems'] ?? '',
      Devices: devices(flags.device),
      DeviceCgroupRules: flags['device-cgroup-rule'],
      OomKillDisable: flags['oom-kill-disable'],
      ...(flags.init && { Init: true }),
      PidsLimit: flags['pids-limit'],
      Ulimits: ulimits(flags.ulimit),
      ...(context.terminal !== undefined && { ConsoleSize: [context.terminal.rows, context.terminal.columns] }),
    },
    NetworkingConfig: { EndpointsConfig: network.endpoints },
  };
}

function nanoCpus(text: string): number {
  if (!/^\d*\.?\d+$/.test(text))
    throw bad(`invalid argument "${text}" for "--cpus" flag: failed to parse ${text} as a rational number`);
  const [whole = '0', fraction = ''] = text.split('.');
  if (fraction.length > 9) throw bad(`invalid argument "${text}" for "--cpus" flag: value is too precise`);
  return Number(whole) * 1e9 + Number(fraction.padEnd(9, '0'));
}

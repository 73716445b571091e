import { StartError } from './errors.ts';
import { isLogLevel, type LogLevel } from './log.ts';
import { parseConfigFile } from './parse-config-file.ts';
import { type Given, parseFlags } from './parse-flags.ts';

const DEFAULT_CONFIG_FILE = '/etc/berth/daemon.json';

/** What the daemon was told, by its flags and by daemon.json. */
export interface DaemonConfig {
  hosts: string[];
  dataRoot: string;
  execRoot: string;
  pidFile: string;
  /** Undefined: `berth` or `docker`, whichever exists. */
  group: string | undefined;
  logLevel: LogLevel;
  isDebug: boolean;
  tls: TlsFiles | undefined;
  /** Containers keep running while no daemon does. */
  isLiveRestore: boolean;
  shutdownTimeoutSeconds: number;
  labels: string[];
  logDriver: string | undefined;
  logOptions: Record<string, string>;
  defaultRuntime: string | undefined;
  /** Device of the default bridge, and its address when it is chosen. */
  bridge: string | undefined;
  bip: string | undefined;
  isNoNewPrivileges: boolean;
  isInit: boolean;
  initPath: string | undefined;
  /** Build steps see the host's CA bundle without being asked to. */
  isHostCa: boolean;
}

export interface TlsFiles {
  ca: string;
  cert: string;
  key: string;
  /** Clients must show a certificate of `ca`. */
  isMutual: boolean;
}

/** @throws StartError */
export function readConfig(argv: readonly string[]): DaemonConfig {
  const flags = parseFlags(argv);
  const named = flags.get('config-file') as string | undefined;
  return mergeConfig(flags, parseConfigFile(named ?? DEFAULT_CONFIG_FILE, named !== undefined));
}

/** A setting may be made in one place only, so that nobody has to guess which wins. @throws StartError */
export function mergeConfig(flags: Given, file: Given): DaemonConfig {
  const twice = [...flags.keys()].filter((key) => file.has(key));
  if (twice.length > 0) {
    const shown = twice.map((key) => `${key}: (from flag: ${show(flags.get(key))}, from file: ${show(file.get(key))})`);
    throw new StartError(
      `the following directives are specified both as a flag and in the configuration file: ${shown.join(', ')}`,
    );
  }
  const given = new Map([...file, ...flags]);
  const text = (key: string, otherwise: string): string => (given.get(key) as string | undefined) ?? otherwise;
  const flag = (key: string, otherwise = false): boolean => (given.get(key) as boolean | undefined) ?? otherwise;
  const execRoot = absolute('exec-root', text('exec-root', '/run/berth'));
  const builder = (given.get('builder') as Record<string, unknown> | undefined) ?? {};
  return {
    hosts: (given.get('hosts') as string[] | undefined) ?? [`unix://${execRoot}/berth.sock`],
    dataRoot: absolute('data-root', text('data-root', '/var/lib/berth')),
    execRoot,
    pidFile: text('pidfile', `${execRoot}/berth.pid`),
    group: given.get('group') as string | undefined,
    logLevel: logLevel(text('log-level', 'info'), flag('debug')),
    isDebug: flag('debug'),
    tls: tlsFiles(given),
    isLiveRestore: flag('live-restore', true),
    shutdownTimeoutSeconds: (given.get('shutdown-timeout') as number | undefined) ?? 15,
    labels: labels((given.get('labels') as string[] | undefined) ?? []),
    logDriver: given.get('log-driver') as string | undefined,
    logOptions: textValues('log-opts', given.get('log-opts')),
    defaultRuntime: given.get('default-runtime') as string | undefined,
    bridge: given.get('bridge') as string | undefined,
    bip: given.get('bip') as string | undefined,
    isNoNewPrivileges: flag('no-new-privileges'),
    isInit: flag('init'),
    initPath: given.get('init-path') as string | undefined,
    isHostCa: hostCa(builder),
  };
}

function absolute(name: string, path: string): string {
  if (!path.startsWith('/') || path.includes('\0')) throw new StartError(`${name} must be an absolute path: ${path}`);
  return path.length > 1 ? path.replace(/\/+$/, '') : path;
}

function logLevel(level: string, isDebug: boolean): LogLevel {
  if (!isLogLevel(level)) throw new StartError(`invalid logging level: ${level}`);
  return isDebug ? 'debug' : level;
}

function tlsFiles(given: Given): TlsFiles | undefined {
  const isMutual = given.get('tlsverify') === true;
  if (!isMutual && given.get('tls') !== true) return undefined;
  const file = (key: string): string => {
    const path = given.get(key) as string | undefined;
    if (path === undefined && (key !== 'tlscacert' || isMutual)) throw new StartError(`TLS needs --${key}`);
    return path ?? '';
  };
  return { isMutual, ca: file('tlscacert'), cert: file('tlscert'), key: file('tlskey') };
}

function labels(given: string[]): string[] {
  const wrong = given.find((label) => label.indexOf('=') < 1);
  if (wrong !== undefined) throw new StartError(`bad attribute format: ${wrong}`);
  return given;
}

function textValues(key: string, map: unknown): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [name, value] of Object.entries((map as Record<string, unknown> | undefined) ?? {})) {
    if (typeof value !== 'string') throw new StartError(`${key}: ${name} must be a string`);
    out[name] = value;
  }
  return out;
}

function hostCa(builder: Record<string, unknown>): boolean {
  const unknown = Object.keys(builder).filter((key) => key !== 'host-ca');
  if (unknown.length > 0) {
    const shown = unknown.map((key) => `builder.${key}`).join(', ');
    throw new StartError(`the following directives don't match any configuration option: ${shown}`);
  }
  const value = builder['host-ca'] ?? false;
  if (typeof value !== 'boolean') throw new StartError('builder.host-ca must be true or false');
  return value;
}

function show(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(' ')}]` : String(value);
}

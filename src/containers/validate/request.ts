import type { ContainerCreateRequest, RestartPolicy } from '../../api/index.ts';
import { invalidParameter } from '../../errors/index.ts';
import { expandPorts, parsePort } from '../ports.ts';
import { parseSecurityOptions } from '../security-options.ts';
import { isSignalOfLinux, parseSignal } from '../signals.ts';
import { normalizeCapabilities } from '../spec/capabilities.ts';
import { parseDeviceRule } from '../spec/devices.ts';
import { checkSysctls } from '../spec/sysctls.ts';
import { checkModes } from './modes.ts';
import { checkResources, type HostLimits } from './resources.ts';
import { refuseUnsupported } from './unsupported.ts';

const bad = (code: string, text: string): Error => invalidParameter(code, text);
const MIN_HEALTH_NS = 1_000_000;

export interface ValidationContext {
  limits: HostLimits;
  runtimeName: string;
  /** Capabilities this daemon can give. */
  available: readonly string[];
}

/**
 * What can be said about a create request without looking at the image: Docker's order and texts where it has them.
 * Returns the warnings. @throws invalid-parameter, not-implemented
 */
export function checkRequest(request: ContainerCreateRequest, context: ValidationContext): string[] {
  const host = request.HostConfig ?? {};
  refuseUnsupported(request);
  checkProcess(request);
  checkHealth(request);
  for (const text of host.ExtraHosts ?? []) {
    const at = text.search(/[:=]/);
    if (at < 1 || at === text.length - 1 || /[\s\0]/.test(text))
      throw bad('bad-extra-host', `bad format for add-host: ${JSON.stringify(text)}`);
  }
  checkPorts(request);
  checkRestartPolicy(host.RestartPolicy ?? {}, host.AutoRemove === true);
  normalizeCapabilities(host.CapAdd ?? [], context.available, 'CapAdd');
  normalizeCapabilities(host.CapDrop ?? [], context.available, 'CapDrop');
  checkModes(request, context.runtimeName);
  const warnings = checkResources(host, context.limits);
  parseSecurityOptions(host.SecurityOpt ?? []);
  for (const rule of host.DeviceCgroupRules ?? []) parseDeviceRule(rule);
  checkUlimits(request);
  checkSysctls(host.Sysctls ?? {}, {
    isIpcPrivate: host.IpcMode !== 'host',
    isNetPrivate: host.NetworkMode !== 'host',
    isUtsPrivate: host.UTSMode !== 'host',
  });
  const isHostNetwork = host.NetworkMode === 'host';
  if (isHostNetwork && Object.keys(host.PortBindings ?? {}).length > 0) {
    warnings.push('Published ports are discarded when using host network mode');
  }
  return warnings;
}

function checkProcess(request: ContainerCreateRequest): void {
  const { WorkingDir: dir = '', StopSignal: signal } = request;
  if (dir !== '' && !dir.startsWith('/')) {
    throw bad('invalid-working-dir', `the working directory '${dir}' is invalid, it needs to be an absolute path`);
  }
  for (const entry of request.Env ?? []) {
    if (entry === '' || entry.startsWith('=') || entry.includes('\0')) {
      throw bad('invalid-env', `invalid environment variable: ${entry}`);
    }
  }
  const texts = [
    dir,
    request.User,
    request.Hostname,
    request.Domainname,
    ...(request.Cmd ?? []),
    ...(request.Entrypoint ?? []),
  ];
  if (texts.some((text) => text?.includes('\0')))
    throw bad('nul-byte', 'invalid argument: a NUL byte in the container config');
  for (const name of [request.User, request.Hostname, request.Domainname]) {
    if (name !== undefined && (/[\n\r]/.test(name) || name.length > 4096)) {
      throw bad('invalid-name-text', 'invalid user, hostname or domainname: a line break, or longer than 4096');
    }
  }
  if (signal && !isSignalOfLinux(parseSignal(signal))) throw bad('invalid-signal', `invalid signal: ${signal}`);
}

function checkHealth({ Healthcheck: health }: ContainerCreateRequest): void {
  if (!health) return;
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = health[field] ?? 0;
    if (value !== 0 && value < MIN_HEALTH_NS)
      throw bad('invalid-healthcheck', `${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((health.Retries ?? 0) < 0) throw bad('invalid-healthcheck', 'Retries in Healthcheck cannot be negative');
}

function checkPorts(request: ContainerCreateRequest): void {
  for (const port of Object.keys(request.ExposedPorts ?? {})) expandPorts(port);
  for (const [port, bindings] of Object.entries(request.HostConfig?.PortBindings ?? {})) {
    expandPorts(port);
    for (const { HostPort = '' } of bindings ?? []) {
      for (const part of HostPort === '' ? [] : HostPort.split('-')) parsePort(part, HostPort);
    }
  }
}

function checkRestartPolicy(policy: RestartPolicy, isAutoRemove: boolean): void {
  const { Name: name = '', MaximumRetryCount: count = 0 } = policy;
  if (!['', 'no', 'always', 'on-failure', 'unless-stopped'].includes(name)) {
    const text = `unknown policy '${name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`;
    throw bad('invalid-restart-policy', `invalid restart policy: ${text}`);
  }
  if (count !== 0 && name !== 'on-failure') {
    const text = "maximum retry count can only be used with 'on-failure'";
    throw bad('invalid-restart-policy', `invalid restart policy: ${text}`);
  }
  if (count < 0) throw bad('invalid-restart-policy', 'invalid restart policy: maximum retry count cannot be negative');
  if (isAutoRemove && name !== '' && name !== 'no') {
    throw bad('invalid-restart-policy', "can't create 'AutoRemove' container with restart policy");
  }
}

const ULIMITS = new Set(
  'as core cpu data fsize locks memlock msgqueue nice nofile nproc rss rtprio rttime sigpending stack'.split(' '),
);

function checkUlimits(request: ContainerCreateRequest): void {
  for (const { Name = '', Soft = 0, Hard = 0 } of request.HostConfig?.Ulimits ?? []) {
    if (!ULIMITS.has(Name)) throw bad('invalid-ulimit', `invalid ulimit type: ${Name}`);
    if (Hard !== -1 && (Soft === -1 || Soft > Hard)) {
      throw bad('invalid-ulimit', `ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
  }
}

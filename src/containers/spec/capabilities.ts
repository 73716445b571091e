import { readFileSync } from 'node:fs';
import { invalidParameter } from '../../errors/index.ts';
import type { CapabilitySets } from '../../oci/index.ts';

/** By bit number (linux/capability.h). */
export const CAPABILITIES: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST ' +
  'NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE ' +
  'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM ' +
  'BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

export const DEFAULT_CAPABILITIES: readonly string[] =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

/** What this daemon may hand out: its own bounding set. */
export function availableCapabilities(status = readFileSync('/proc/self/status', 'latin1')): string[] {
  const bits = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`);
  return CAPABILITIES.filter((_, bit) => (bits >> BigInt(bit)) & 1n);
}

/**
 * `net_admin`, `CAP_NET_ADMIN`, `ALL` → upper case with CAP_.
 * @throws invalid-parameter `unknown-capability` with Docker's text
 */
export function normalizeCapabilities(
  names: readonly string[],
  available: readonly string[],
  field: 'CapAdd' | 'CapDrop',
): string[] {
  return names.map((name) => {
    const upper = name.toUpperCase();
    if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL';
    const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
    if (!CAPABILITIES.includes(full)) {
      throw invalidParameter('unknown-capability', `invalid ${field}: unknown capability: ${JSON.stringify(full)}`);
    }
    if (field === 'CapAdd' && !available.includes(full)) {
      const text = `capability not supported by your kernel or not available in the current environment: ${JSON.stringify(full)}`;
      throw invalidParameter('unavailable-capability', `invalid ${field}: ${text}`);
    }
    return full;
  });
}

export interface CapabilityRequest {
  add: readonly string[];
  drop: readonly string[];
  isPrivileged: boolean;
  available: readonly string[];
}

/** Docker's rule: privileged is all; `add ALL` is all but what is dropped; `drop ALL` is exactly what is added. */
export function effectiveCapabilities({ add, drop, isPrivileged, available }: CapabilityRequest): string[] {
  if (isPrivileged) return [...available];
  const added = normalizeCapabilities(add, available, 'CapAdd');
  const dropped = normalizeCapabilities(drop, available, 'CapDrop');
  if (added.includes('ALL')) return available.filter((name) => !dropped.includes(name));
  if (dropped.includes('ALL')) return [...new Set(added)];
  const kept = DEFAULT_CAPABILITIES.filter((name) => !dropped.includes(name) && available.includes(name));
  return [...new Set([...kept, ...added])];
}

/** Bounding, permitted, effective. Inheritable and ambient stay empty (CVE-2022-24769). */
export function capabilitySets(names: string[]): CapabilitySets {
  return { bounding: names, effective: names, permitted: names };
}

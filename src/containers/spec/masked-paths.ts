import { readdirSync, statSync } from 'node:fs';

export const MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];

export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
];

/** The default list and each CPU's thermal counters that exist on this host (a side channel). */
export function defaultMaskedPaths(cpuRoot = '/sys/devices/system/cpu'): string[] {
  const thermal: string[] = [];
  try {
    for (const name of readdirSync(cpuRoot)) {
      if (!/^cpu[0-9]+$/.test(name)) continue;
      const path = `${cpuRoot}/${name}/thermal_throttle`;
      if (statSync(path, { throwIfNoEntry: false }) !== undefined) thermal.push(path);
    }
  } catch {
    // No such folder: nothing to mask.
  }
  return [...MASKED_PATHS, ...thermal.sort()];
}

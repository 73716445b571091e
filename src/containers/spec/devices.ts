import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DeviceMapping } from '../../api/index.ts';
import { EngineError, invalidParameter } from '../../errors/index.ts';
import type { LinuxSpec, ResourcesSpec } from '../../oci/index.ts';

export type DeviceNode = NonNullable<LinuxSpec['devices']>[number];
export type DeviceRule = NonNullable<ResourcesSpec['devices']>[number];

const rule = (allow: boolean, type: 'c' | 'b', major: number, minor: number): DeviceRule => ({
  allow,
  type,
  major,
  minor,
  access: 'rwm',
});

export const DEFAULT_DEVICE_RULES: readonly DeviceRule[] = [
  { allow: false, access: 'rwm' },
  rule(true, 'c', 1, 5),
  rule(true, 'c', 1, 3),
  rule(true, 'c', 1, 9),
  rule(true, 'c', 1, 8),
  rule(true, 'c', 5, 0),
  rule(true, 'c', 5, 1),
  rule(false, 'c', 10, 229),
];

const CGROUP_RULE = /^([acb]) ([0-9]+|\*):([0-9]+|\*) ([rwm]{1,3})$/;

/** `c 42:* rmw`. @throws invalid-parameter `bad-device-rule` with Docker's text */
export function parseDeviceRule(text: string): DeviceRule {
  const [, type, major, minor, access] = CGROUP_RULE.exec(text) ?? [];
  if (type === undefined || access === undefined) {
    throw invalidParameter('bad-device-rule', `invalid device cgroup rule format: '${text}'`);
  }
  return {
    allow: true,
    type: type as 'a' | 'b' | 'c',
    ...(major !== '*' && { major: Number(major) }),
    ...(minor !== '*' && { minor: Number(minor) }),
    access,
  };
}

/** Nodes and rules for `--device`. A folder stands for every device below it. Reads the host's /dev. */
export function mappedDevices(mappings: readonly DeviceMapping[]): { nodes: DeviceNode[]; rules: DeviceRule[] } {
  const nodes: DeviceNode[] = [];
  const rules: DeviceRule[] = [];
  for (const mapping of mappings) {
    const from = mapping.PathOnHost ?? '';
    const to = mapping.PathInContainer || from;
    const access = mapping.CgroupPermissions || 'rwm';
    if (!/^[rwm]{1,3}$/.test(access)) {
      throw invalidParameter('bad-device-mode', `invalid device mode: ${access}`);
    }
    const found = devicesAt(from, to, from);
    nodes.push(...found);
    for (const { type, major, minor } of found) {
      rules.push({ allow: true, type: type === 'b' ? 'b' : 'c', major, minor, access });
    }
  }
  return { nodes, rules };
}

function devicesAt(from: string, to: string, asked: string): DeviceNode[] {
  const stat = statSync(from, { throwIfNoEntry: false });
  if (stat === undefined) throw gathering(asked, 'no such file or directory');
  if (stat.isDirectory()) {
    const inside: DeviceNode[] = [];
    for (const name of readdirSync(from)) {
      const entry = lstatSync(join(from, name), { throwIfNoEntry: false });
      if (entry?.isDirectory() || entry?.isCharacterDevice() || entry?.isBlockDevice()) {
        inside.push(...devicesAt(join(from, name), join(to, name), asked));
      }
    }
    return inside;
  }
  const node = deviceNode(from, to);
  if (node === undefined) throw gathering(asked, 'not a device node');
  return [node];
}

function deviceNode(from: string, to: string): DeviceNode | undefined {
  const stat = statSync(from, { bigint: true });
  if (!stat.isCharacterDevice() && !stat.isBlockDevice()) return undefined;
  return {
    type: stat.isBlockDevice() ? 'b' : 'c',
    path: to,
    ...deviceNumbers(stat.rdev),
    fileMode: Number(stat.mode) & 0o777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
  };
}

/** As the kernel encodes dev_t for user space. */
export function deviceNumbers(rdev: bigint): { major: number; minor: number } {
  return {
    major: Number(((rdev >> 8n) & 0xfffn) | ((rdev >> 32n) & ~0xfffn & 0xffffffffn)),
    minor: Number((rdev & 0xffn) | ((rdev >> 12n) & ~0xffn & 0xffffffffn)),
  };
}

/** Every device of the host, for privileged containers; what the container gets of its own is left out. */
export function hostDevices(root = '/dev'): DeviceNode[] {
  const nodes: DeviceNode[] = [];
  const skipped = new Set(['pts', 'shm', 'fd', 'mqueue', '.lxc', '.lxd-mounts', '.udev', 'console']);
  const walk = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (folder === root && skipped.has(entry.name)) continue;
      const path = join(folder, entry.name);
      if (entry.isDirectory()) walk(path);
      else if (entry.isCharacterDevice() || entry.isBlockDevice()) {
        const node = deviceNode(path, path);
        if (node !== undefined) nodes.push(node);
      }
    }
  };
  walk(root);
  return nodes;
}

function gathering(path: string, reason: string): Error {
  const text = `error gathering device information while adding custom device ${JSON.stringify(path)}: ${reason}`;
  return new EngineError('system', text, { code: 'no-such-device' });
}

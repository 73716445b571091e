import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { invalidParameter, messageOf } from '../../errors/index.ts';
import type { ResourcesSpec } from '../../oci/index.ts';
import { type CgroupHost, cgroupFolder } from './hierarchies.ts';
import { resourceWrites } from './resource-writes.ts';

/** Changes the limits of a running container. @throws invalid-parameter `limit-refused`: the kernel's refusal, named */
export function updateCgroup(host: CgroupHost, cgroup: string, resources: ResourcesSpec): void {
  for (const { controller, file, value, isOptional } of resourceWrites(host.version, resources)) {
    const folder = cgroupFolder(host, controller, cgroup);
    const path = folder === undefined ? undefined : join(folder, file);
    if (isOptional && (path === undefined || !existsSync(path))) continue;
    if (path === undefined) throw invalidParameter('limit-refused', `this host has no cgroup controller ${controller}`);
    try {
      writeFileSync(path, value, { flag: 'r+' });
    } catch (error) {
      throw invalidParameter('limit-refused', `failed to write ${value} to ${file}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

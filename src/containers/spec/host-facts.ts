import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, release } from 'node:os';
import { availableCapabilities } from './capabilities.ts';

/** What of this machine the spec depends on. Read once. */
export interface HostFacts {
  architecture: string;
  kernelRelease: string;
  isCgroupV2: boolean;
  /** The daemon's own bounding set. */
  capabilities: string[];
  cpus: number;
  onlineCpus: string;
  onlineMems: string;
  /** Only some I/O schedulers have weights. */
  hasBlkioWeight: boolean;
}

const BLKIO_WEIGHTS = ['/sys/fs/cgroup/blkio/blkio.weight', '/sys/fs/cgroup/blkio/blkio.bfq.weight'];

export function readHostFacts(): HostFacts {
  const online = (path: string, fallback: string): string => {
    try {
      return readFileSync(path, 'latin1').trim() || fallback;
    } catch {
      return fallback;
    }
  };
  const cpus = availableParallelism();
  return {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    kernelRelease: release(),
    isCgroupV2: existsSync('/sys/fs/cgroup/cgroup.controllers'),
    capabilities: availableCapabilities(),
    cpus,
    onlineCpus: online('/sys/devices/system/cpu/online', `0-${cpus - 1}`),
    onlineMems: online('/sys/devices/system/node/online', '0'),
    hasBlkioWeight: existsSync('/sys/fs/cgroup/cgroup.controllers') || BLKIO_WEIGHTS.some((file) => existsSync(file)),
  };
}

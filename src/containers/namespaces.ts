import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from '../api/index.ts';
import { conflict, invalidParameter } from '../errors/index.ts';
import { mount, unmount } from '../host/index.ts';
import type { Container } from './container.ts';
import type { Directory } from './directory.ts';
import type { NamespaceChoice, SpecInput } from './spec/build-spec.ts';

const MOUNT_FLAGS = 2 | 4 | 8; // nosuid, nodev, noexec

/** The namespaces a container joins or gets, but for the network's. @throws conflict when what it joins does not run */
export function namespacesFor(
  container: Container,
  directory: Directory,
): Pick<SpecInput['namespaces'], 'pid' | 'ipc' | 'uts' | 'cgroup'> {
  const { hostConfig } = container.record;
  return {
    pid: choose(hostConfig.PidMode ?? '', 'pid', directory),
    ipc: choose(hostConfig.IpcMode ?? '', 'ipc', directory),
    uts: hostConfig.UTSMode === 'host' ? 'host' : 'own',
    cgroup: hostConfig.CgroupnsMode === 'private' ? 'own' : 'host',
  };
}

function choose(mode: string, type: 'pid' | 'ipc', directory: Directory): NamespaceChoice {
  if (mode === 'host') return 'host';
  if (!mode.startsWith('container:')) return 'own';
  const other = runningContainer(mode, directory);
  if (type === 'ipc' && !['shareable', 'host'].includes(other.record.hostConfig.IpcMode ?? '')) {
    const text = `failed to join IPC namespace: container ${other.id}: non-shareable IPC (hint: use IpcMode:shareable for the donor container)`;
    throw invalidParameter('ipc-not-shareable', text);
  }
  return { path: `/proc/${other.run?.process.pid}/ns/${type}` };
}

/** The container that `container:REF` names, which must run. */
export function runningContainer(mode: string, directory: Directory): Container {
  const other = directory.get(mode.slice('container:'.length));
  if (!other.isLive) {
    throw conflict('container-not-running', `cannot join network namespace of a non running container: ${other.id}`);
  }
  return other;
}

/** A host folder for /dev/shm when it is shared with another container or the host; undefined for a private one. */
export function shmSourceFor(container: Container, directory: Directory): string | undefined {
  const { hostConfig } = container.record;
  const mode = hostConfig.IpcMode ?? '';
  if (mode === 'host') return '/dev/shm';
  if (mode === 'shareable') return mountShm(container, hostConfig);
  if (!mode.startsWith('container:')) return undefined;
  const other = runningContainer(mode, directory);
  return other.record.hostConfig.IpcMode === 'host' ? '/dev/shm' : shmDir(other);
}

const shmDir = (container: Container): string => join(container.execDir, 'shm');

function mountShm(container: Container, hostConfig: HostConfig): string {
  const folder = shmDir(container);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mount('shm', folder, 'tmpfs', MOUNT_FLAGS, `mode=1777,size=${hostConfig.ShmSize ?? 0}`);
  return folder;
}

export function unmountShm(container: Container): void {
  if (container.record.hostConfig.IpcMode === 'shareable') unmount(shmDir(container));
}

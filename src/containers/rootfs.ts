import { mkdirSync } from 'node:fs';
import type { Snapshots } from '../store/index.ts';
import { type Container, snapshotOf } from './container.ts';

/** Mounts a container's root (once, however many use it) and returns the release. */
export async function useRootfs(container: Container, snapshots: Snapshots): Promise<() => void> {
  container.mountUsers++;
  try {
    container.mount ??= await snapshots.mounts(snapshotOf(container.id));
    if (!container.isMounted) {
      mkdirSync(container.rootfs, { recursive: true, mode: 0o700 });
      container.mount.mount(container.rootfs);
      container.isMounted = true;
    }
  } catch (error) {
    container.mountUsers--;
    throw error;
  }
  let isUsed = true;
  return () => {
    if (!isUsed) return;
    isUsed = false;
    if (--container.mountUsers === 0) dropRootfs(container);
  };
}

/** After a daemon restart: a running container's root is mounted already. */
export async function adoptRootfs(container: Container, snapshots: Snapshots): Promise<() => void> {
  container.isMounted = true;
  return useRootfs(container, snapshots);
}

export function dropRootfs(container: Container): void {
  if (!container.isMounted) return;
  container.mount?.unmount(container.rootfs);
  container.isMounted = false;
}

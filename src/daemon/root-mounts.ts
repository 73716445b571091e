import { mkdirSync } from 'node:fs';
import { bindMount, makePrivate, mountInfo, unmountLater } from '../host/index.ts';

const isMountPoint = (path: string): boolean => mountInfo().some(({ target }) => target === path);

/**
 * Makes each root a mount of its own that nothing propagates out of: what is mounted below stays here, and is gone with it. Idempotent:
 * a daemon that starts again finds its mounts as they were.
 */
export function holdRoots(paths: readonly string[]): void {
  for (const path of paths) {
    mkdirSync(path, { recursive: true, mode: 0o711 });
    if (isMountPoint(path)) continue;
    bindMount(path, path);
    makePrivate(path);
  }
}

/** Takes the mounts of the roots away, once nothing runs below them. */
export function releaseRoots(paths: readonly string[]): void {
  for (const path of paths) if (isMountPoint(path)) unmountLater(path);
}

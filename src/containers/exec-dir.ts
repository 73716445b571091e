import { rmdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Container } from './container.ts';

/**
 * Takes a container's run-time folder away, name by name: never recursively, because a root file system may still be
 * mounted in it, and then it stays.
 */
export function removeExecDir({ execDir, rootfs }: Container): void {
  const steps = [
    () => unlinkSync(join(execDir, 'sandbox.json')),
    () => rmdirSync(join(execDir, 'shm')),
    () => rmdirSync(rootfs),
    () => rmdirSync(execDir),
  ];
  for (const step of steps) {
    try {
      step();
    } catch {
      // Not there, or in use: a later end of the container, or the next daemon start, comes by here again.
    }
  }
}

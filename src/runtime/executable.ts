import { resolveExecutable } from '../host/index.ts';
import type { MountSpec, ProcessSpec, RuntimeSpec } from '../oci/index.ts';
import { executableReason, startFailure } from './oci-cli/failure.ts';

/** Mounts that bring no programs; with any other one, what is executed may not be in the root file system itself. */
const PLAIN = /^\/(?:(?:proc|sys|dev)(?:\/.*)?|etc\/(?:hosts|hostname|resolv\.conf))$/;
const isPlain = ({ destination }: MountSpec): boolean => PLAIN.test(destination);

/**
 * Finds a missing program before anything is started. With volumes in the way the runtime is left to find it: the same
 * error comes out of its log, later.
 * @throws invalid-parameter `container-start-failed`
 */
export function checkExecutable(spec: RuntimeSpec): void {
  if (spec.mounts.every(isPlain)) check('run', spec.root.path, spec.process);
}

/** `crun exec` of a missing program would leave a zombie in the container. All mounts are seen: it runs already. */
export const checkExecutableIn = (pid: number, process: ProcessSpec): void =>
  check('exec', `/proc/${pid}/root`, process);

function check(what: 'run' | 'exec', root: string, process: ProcessSpec): void {
  const name = process.args[0] ?? '';
  const searchPath = process.env.findLast((entry) => entry.startsWith('PATH='))?.slice('PATH='.length);
  const found = resolveExecutable({ root, name, cwd: process.cwd, searchPath });
  if (found !== 'ok') throw startFailure(what, executableReason(name, found));
}

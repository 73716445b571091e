import { posix } from 'node:path';
import { invalidParameter } from '../../errors/index.ts';

export function badMount(type: string, reason: string): Error {
  return invalidParameter('invalid-mount-config', `invalid mount config for type "${type}": ${reason}`);
}

/** An absolute destination other than `/`, cleaned. */
export function checkedDestination(type: string, target: string): string {
  if (target === '') throw badMount(type, 'field Target must not be empty');
  if (!target.startsWith('/') || target.includes('\0')) throw badMount(type, notAbsolute(target));
  const clean = posix.resolve('/', target);
  if (clean === '/') throw badMount(type, "invalid specification: destination can't be '/'");
  return clean;
}

export const notAbsolute = (path: string): string => `invalid mount path: '${path}' mount path must be absolute`;

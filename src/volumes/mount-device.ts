import { execFile } from 'node:child_process';
import { getSystemErrorMessage, promisify } from 'node:util';
import { messageOf, systemError } from '../errors/index.ts';
import { MS_BIND, parseMountOptions } from './mount-options.ts';
import type { VolumeMounts } from './needs.ts';

const run = promisify(execFile);
const REMOUNT_READ_ONLY = 0x21;

/** Mounts what the options name at `target`. @throws system `volume-mount-failed` with Docker's text */
export async function mountDevice(host: VolumeMounts, target: string, options: Record<string, string>): Promise<void> {
  const { type = '', device = '', o = '' } = options;
  const { flags, data } = parseMountOptions(o);
  try {
    if ((flags & MS_BIND) !== 0) {
      host.mount(device, target, type, flags, data);
      if ((flags & 1) !== 0) host.mount('none', target, 'none', flags | REMOUNT_READ_ONLY);
    } else if (type === 'tmpfs') host.mount(device, target, type, flags, data);
    // A network or a slow disk may take seconds: not in this thread. The program also resolves host names.
    else await run('mount', ['-t', type, ...(o === '' ? [] : ['-o', o]), '--', device, target]);
  } catch (error) {
    const shown = `mount ${device}:${target}, flags: 0x${flags.toString(16)}${data === '' ? '' : `, data: ${data}`}`;
    const message = `error while mounting volume '${target}': failed to mount local volume: ${shown}: ${reasonOf(error)}`;
    throw systemError('volume-mount-failed', message, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'errno' in error && typeof error.errno === 'number' && error.errno > 0)
    return getSystemErrorMessage(-error.errno);
  if (error instanceof Error && 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== '')
    return error.stderr.trim();
  return messageOf(error);
}

import { closeSync, constants, openSync } from 'node:fs';
import {
  identify,
  makePipe,
  type ProcessIdentity,
  signalProcess,
  spawnProcess,
  takeDescriptor,
} from '../../host/index.ts';

const MASTER_FD = 3;
const SIGKILL = 9;

/**
 * A terminal dies with its last master descriptor, and the container with it. So a second process holds one: a `sh` that
 * waits for a line on a pipe whose other end is its own. A later daemon takes the master from it by pidfd_getfd(2).
 */
export function startHolder(master: number): ProcessIdentity | undefined {
  const pipe = makePipe();
  const nowhere = openSync('/dev/null', constants.O_RDWR);
  try {
    const { pid } = spawnProcess({
      path: '/bin/sh',
      args: ['sh', '-c', 'read -r _', 'berth-terminal'],
      env: [],
      cwd: '/',
      fds: [pipe.reader, nowhere, nowhere, master, pipe.writer],
    });
    return identify(pid);
  } finally {
    for (const fd of [pipe.reader, pipe.writer, nowhere]) closeSync(fd);
  }
}

/** Our own descriptor of the terminal it holds; undefined when it is gone. */
export const takeFromHolder = (holder: ProcessIdentity): number | undefined => takeDescriptor(holder, MASTER_FD);

export function endHolder(holder: ProcessIdentity | undefined): void {
  if (holder !== undefined) signalProcess(holder, SIGKILL);
}

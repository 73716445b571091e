import type { ExecConfig } from '../../api/index.ts';
import { conflict, invalidParameter } from '../../errors/index.ts';
import type { Container } from '../container.ts';
import type { Context } from '../context.ts';
import { notRunning } from '../errors.ts';
import { userOf } from '../rootfs-user.ts';
import { parseDetachKeys } from './detach-keys-text.ts';
import { Exec } from './exec.ts';
import type { ExecStore } from './exec-store.ts';

/** @throws conflict when it does not run or is paused; invalid-parameter for a command, user or variable that cannot be */
export function createExec(
  needs: Pick<Context, 'directory' | 'events' | 'newId'>,
  execs: ExecStore,
  ref: string,
  config: ExecConfig,
): { Id: string } {
  const container = needs.directory.get(ref);
  checkRunning(container, ref);
  if ((config.Cmd ?? []).length === 0) throw invalidParameter('no-exec-command', 'No exec command specified');
  for (const entry of config.Env ?? []) {
    if (entry === '' || entry.startsWith('=') || entry.includes('\0')) {
      throw invalidParameter('invalid-env', `invalid environment variable: ${entry}`);
    }
  }
  if ([...(config.Cmd ?? []), config.WorkingDir, config.User].some((text) => text?.includes('\0'))) {
    throw invalidParameter('nul-byte', 'invalid argument: a NUL byte in the exec config');
  }
  parseDetachKeys(config.DetachKeys ?? '');
  userOf(container.rootfs, execUser(container, config), container.record.hostConfig.GroupAdd ?? []);
  const exec = new Exec(needs.newId(), container.id, config);
  execs.add(exec);
  const attributes = { ...container.attributes, execID: exec.id };
  needs.events.publish('container', `exec_create: ${commandLine(config)}`, { id: container.id, attributes });
  return { Id: exec.id };
}

export function checkRunning(container: Container, ref: string): void {
  const { status } = container.record.state;
  if (status === 'paused') {
    throw conflict('container-paused', `Container ${ref} is paused, unpause the container before exec`);
  }
  if (status === 'restarting') {
    throw conflict(
      'container-restarting',
      `Container ${container.id} is restarting, wait until the container is running`,
    );
  }
  if (!container.isLive) throw notRunning(container.id);
}

export const execUser = (container: Container, config: ExecConfig): string =>
  config.User || container.record.config.User || '';

/** As Docker's events have it: the program, a blank, the arguments. */
export function commandLine({ Cmd }: ExecConfig): string {
  const [program = '', ...args] = Cmd ?? [];
  return `${program} ${args.join(' ')}`;
}

import { rm } from 'node:fs/promises';
import { conflict, messageOf, systemError } from '../errors/index.ts';
import { type Container, snapshotOf } from './container.ts';
import type { Context } from './context.ts';
import { removeExecDir } from './exec-dir.ts';
import { killNow } from './kill.ts';
import { dropRootfs } from './rootfs.ts';
import { next } from './state.ts';

export type RemoveNeeds = Pick<
  Context,
  'snapshots' | 'volumes' | 'logs' | 'events' | 'directory' | 'records' | 'locks' | 'runtime' | 'warn'
>;

/** @throws conflict when it runs (without `force`) or is being removed */
export async function removeContainer(
  needs: RemoveNeeds,
  ref: string,
  options: { force: boolean; volumes: boolean; link: boolean },
): Promise<void> {
  const container = needs.directory.get(ref);
  if (options.link) throw conflict('default-link', 'Conflict, cannot remove the default link name of the container');
  const { status } = container.record.state;
  if (status === 'removing') throw inProgress(ref);
  const isRunning = container.isLive || status === 'restarting';
  if (isRunning && !options.force) throw stillRunning(ref, status);
  if (isRunning) {
    container.record.isManuallyStopped = true;
    container.cancelRestart?.();
    await killNow(needs, container);
  }
  await needs.locks.run(container.id, async () => {
    // AutoRemove may have been quicker: that is what was asked for.
    if (needs.directory.find(container.id) !== container) return;
    if (container.record.state.status === 'removing') throw inProgress(ref);
    if (container.isLive) throw stillRunning(ref, container.record.state.status);
    await removeLocked(needs, container, options);
  });
}

function stillRunning(ref: string, status: string): Error {
  const state = status === 'paused' ? 'paused and must be unpaused first' : null;
  const text =
    state ??
    `${status === 'restarting' ? 'restarting' : 'running'}: stop the container before removing or force remove`;
  return conflict('container-running', `cannot remove container "${ref}": container is ${text}`);
}

const inProgress = (ref: string): Error =>
  conflict('removal-in-progress', `removal of container ${ref} is already in progress`);

/**
 * Takes an ended container away for good. The order does not matter to a crash: a record without its snapshot is a
 * removal to be finished, a snapshot or folder without a record is swept. Under its lock.
 */
export async function removeLocked(
  needs: RemoveNeeds,
  container: Container,
  options: { volumes: boolean },
): Promise<void> {
  const { record, id } = container;
  const { state } = record;
  if (state.status === 'restarting') state.status = next(state.status, 'give-up');
  state.status = next(state.status, 'remove');
  dropRootfs(container);
  removeExecDir(container);
  try {
    await Promise.all([
      needs.records.delete(container),
      needs.snapshots.remove(snapshotOf(id)),
      needs.logs.remove(container.logged).then(() => rm(container.dir, { recursive: true, force: true })),
    ]);
  } catch (error) {
    state.status = next(state.status, 'remove-failed');
    state.error = messageOf(error);
    container.waiters.removalFailed(state.exitCode, state.error);
    throw systemError('removal-failed', `cannot remove container "${record.name}": ${state.error}`, { cause: error });
  }
  await releaseVolumes(needs, container, options.volumes);
  needs.directory.remove(container);
  needs.events.publish('container', 'destroy', { id, attributes: container.attributes });
  container.waiters.removed(state.exitCode);
}

async function releaseVolumes(
  { volumes, warn }: RemoveNeeds,
  container: Container,
  isRemoving: boolean,
): Promise<void> {
  for (const mount of container.record.mounts) {
    if (mount.type !== 'volume') continue;
    volumes.release(mount.name, container.id);
    if (!isRemoving || !volumes.isAnonymous(mount.name) || volumes.users(mount.name).length > 0) continue;
    await volumes
      .remove(mount.name, false)
      .catch((error: unknown) => warn(`volume ${mount.name}: ${messageOf(error)}`));
  }
}

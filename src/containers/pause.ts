import { conflict } from '../errors/index.ts';
import type { Context } from './context.ts';
import { notRunning } from './errors.ts';
import { next } from './state.ts';

type Needs = Pick<Context, 'runtime' | 'events' | 'records' | 'directory' | 'locks'>;

/** Freezes every process of a container. @throws conflict when it does not run or is paused */
export async function pauseContainer(needs: Needs, ref: string): Promise<void> {
  const container = needs.directory.get(ref);
  await needs.locks.run(container.id, async () => {
    const { state } = container.record;
    if (!container.isLive) throw notRunning(container.id);
    if (state.status === 'paused') {
      throw conflict('already-paused', `Container ${container.id} is already paused`);
    }
    await needs.runtime.pause(container.id);
    state.status = next(state.status, 'pause');
    needs.records.saveLater(container);
    needs.events.publish('container', 'pause', { id: container.id, attributes: container.attributes });
  });
}

export async function unpauseContainer(needs: Needs, ref: string): Promise<void> {
  const container = needs.directory.get(ref);
  await needs.locks.run(container.id, async () => {
    const { state } = container.record;
    if (state.status !== 'paused') throw conflict('not-paused', `Container ${container.id} is not paused`);
    await needs.runtime.resume(container.id);
    state.status = next(state.status, 'unpause');
    needs.records.saveLater(container);
    needs.events.publish('container', 'unpause', { id: container.id, attributes: container.attributes });
  });
}

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { conflict, messageOf } from '../errors/index.ts';
import { KeyedMutex } from '../lib/index.ts';
import type { Digest } from '../oci/index.ts';
import type { SnapshotKey } from '../store/index.ts';
import { getArchive, putArchive, statPath } from './archive.ts';
import { attachContainer } from './attach.ts';
import type { Container } from './container.ts';
import type { Context } from './context.ts';
import type { Containers, RunStep } from './contract.ts';
import { createContainer } from './create.ts';
import { Directory } from './directory.ts';
import { notRunning } from './errors.ts';
import { createExec } from './exec/create-exec.ts';
import { ExecStore } from './exec/exec-store.ts';
import { resizeExec, startExec } from './exec/start-exec.ts';
import { watchRun } from './exit.ts';
import { InitLayers } from './init-layer.ts';
import { inspectContainer } from './inspect.ts';
import { killContainer } from './kill.ts';
import { listContainers } from './list/list.ts';
import type { ContainersNeeds } from './needs.ts';
import { pauseContainer, unpauseContainer } from './pause.ts';
import { pruneContainers } from './prune.ts';
import { Records } from './records.ts';
import { removeContainer, removeLocked } from './remove.ts';
import { renameContainer } from './rename.ts';
import { restoreContainers } from './restore.ts';
import { createRunStep } from './run-step.ts';
import { readHostFacts } from './spec/host-facts.ts';
import { startLocked } from './start.ts';
import { isLive } from './state.ts';
import { endProcess, type StopOptions, stopContainer } from './stop.ts';
import { topContainer } from './top.ts';
import { waitContainer } from './wait.ts';

export interface ContainersRoom {
  containers: Containers;
  runStep: RunStep;
  /** Once, before anything else is asked: takes back what runs and finishes what was cut. */
  restore(): Promise<void>;
  /** With `stop` every container is stopped in parallel (each in its time, at most `timeoutMs`); without, they go on. */
  shutdown(options: { stop: boolean; timeoutMs: number }): Promise<void>;
  /** For the image room: who was made from this image. */
  containersUsing(imageId: Digest): { id: string; name: string; isRunning: boolean }[];
  /** To be called before a committed layer is removed: takes the init layer on top of it away. */
  removeInitLayers(parent: SnapshotKey): Promise<void>;
}

export function createContainers(needs: ContainersNeeds): ContainersRoom {
  let isShuttingDown = false;
  const warn = (message: string): void => needs.warn?.(message);
  for (const folder of [
    join(needs.dirs.data, 'containers'),
    join(needs.dirs.exec, 'mounts'),
    join(needs.dirs.exec, 'steps'),
  ]) {
    mkdirSync(folder, { recursive: true, mode: 0o710 });
  }
  const context: Context = {
    ...needs,
    warn,
    directory: new Directory(),
    records: new Records(needs.metadata, warn),
    initLayers: new InitLayers(needs.snapshots, needs.dirs.exec),
    locks: new KeyedMutex(),
    facts: readHostFacts(),
    isShuttingDown: () => isShuttingDown,
  };
  const execs = new ExecStore(context.directory);
  const { directory, locks } = context;

  const watch = (container: Container): void => {
    if (container.run !== undefined) watchRun(context, container, container.run, restart);
  };
  const restart = (container: Container): void => {
    if (isShuttingDown) return;
    startOne(container).catch((error: unknown) => warn(`container ${container.id}: restart: ${messageOf(error)}`));
  };

  /** False when it runs already. A start by hand begins the restart policy's counting anew. */
  const startOne = (container: Container): Promise<boolean> =>
    locks.run(container.id, async () => {
      const { state, hostConfig } = container.record;
      if (container.isLive) {
        if (state.status !== 'paused') return false;
        throw conflict('container-paused', 'cannot start a paused container, try unpause instead');
      }
      if (state.status === 'removing') {
        throw conflict('container-removing', 'container is marked for removal and cannot be started');
      }
      if (state.status === 'dead') throw conflict('container-dead', 'container is dead and cannot be started');
      container.cancelRestart?.();
      try {
        await startLocked(context, container);
      } catch (error) {
        if (state.status === 'restarting') state.status = 'exited';
        if (hostConfig.AutoRemove) await removeLocked(context, container, { volumes: true });
        throw error;
      }
      watch(container);
      return true;
    });

  const startByHand = (ref: string): Promise<boolean> => {
    const container = directory.get(ref);
    container.record.isManuallyStopped = false;
    if (!container.isLive) {
      container.record.restartCount = 0;
      container.restartDelayMs = 0;
    }
    return startOne(container);
  };

  const restartByHand = async (ref: string, options: StopOptions): Promise<void> => {
    const container = directory.get(ref);
    container.keepOnExit = true;
    try {
      await stopContainer(context, container, options);
      await startByHand(container.id);
    } finally {
      container.keepOnExit = false;
    }
    needs.events.publish('container', 'restart', { id: container.id, attributes: container.attributes });
  };

  const containers: Containers = {
    create: (name, request, platform) => createContainer(context, name, request, platform),
    list: (options) => listContainers(context, options),
    inspect: (ref, options) => inspectContainer(context, ref, options),
    start: async (ref) => startByHand(ref),
    stop: async (ref, options) => stopContainer(context, directory.get(ref), options),
    restart: restartByHand,
    kill: (ref, signal) => killContainer(context, ref, signal),
    pause: (ref) => pauseContainer(context, ref),
    unpause: (ref) => unpauseContainer(context, ref),
    rename: (ref, name) => renameContainer(context, ref, name),
    async resize(ref, height, width) {
      const container = directory.get(ref);
      if (!container.isLive) throw notRunning(container.id);
      container.hub.resize(height, width);
      const attributes = { ...container.attributes, height: String(height), width: String(width) };
      needs.events.publish('container', 'resize', { id: container.id, attributes });
    },
    top: (ref, psArgs) => topContainer(context, ref, psArgs),
    wait: async (ref, condition, signal) => waitContainer(directory.get(ref), condition, signal),
    attach: (ref, request) => attachContainer(context, ref, request),
    logs(ref, options, signal) {
      const container = directory.get(ref);
      return { tty: container.record.config.Tty ?? false, entries: needs.logs.read(container.logged, options, signal) };
    },
    remove: (ref, options) => removeContainer(context, ref, options),
    prune: (filters) => pruneContainers(context, filters),
    statPath: (ref, path) => statPath(context, ref, path),
    getArchive: (ref, path) => getArchive(context, ref, path),
    putArchive: (ref, path, tar, options) => putArchive(context, ref, path, tar, options),
    execCreate: async (ref, config) => createExec(context, execs, ref, config),
    execStart: async (execId, config) => startExec(context, execs, execId, config),
    execResize: (execId, height, width) => resizeExec(execs, execId, height, width),
    execInspect: (execId) => execs.get(execId).inspect(),
    counts: () => countsOf(directory),
  };

  return {
    containers,
    runStep: createRunStep(context),
    restore: () => restoreContainers(context, { watch, start: startOne }),
    async shutdown({ stop, timeoutMs }) {
      isShuttingDown = true;
      for (const container of directory.all()) container.cancelRestart?.();
      if (stop) await stopAll(context, timeoutMs);
      await context.records.settled();
    },
    containersUsing: (imageId) =>
      directory
        .all()
        .filter(({ record }) => record.imageId === imageId)
        .map((container) => ({ id: container.id, name: container.record.name, isRunning: container.isLive })),
    removeInitLayers: (parent) => context.initLayers.remove(parent),
  };
}

function countsOf(directory: Directory): { total: number; running: number; paused: number; stopped: number } {
  const statuses = directory.all().map((container) => container.record.state.status);
  const paused = statuses.filter((status) => status === 'paused').length;
  const live = statuses.filter(isLive).length;
  return { total: statuses.length, running: live - paused, paused, stopped: statuses.length - live };
}

async function stopAll(context: Context, timeoutMs: number): Promise<void> {
  const live = context.directory.all().filter((container) => container.isLive);
  const seconds = timeoutMs / 1000;
  await Promise.allSettled(
    live.map((container) => {
      const own = container.record.config.StopTimeout ?? context.config.stopTimeoutSeconds ?? 10;
      return endProcess(context, container, undefined, own < 0 ? seconds : Math.min(own, seconds));
    }),
  );
}

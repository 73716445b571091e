import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isEngineError, messageOf } from '../errors/index.ts';
import type { Sandbox } from '../networks/index.ts';
import { Container, snapshotOf } from './container.ts';
import type { Context } from './context.ts';
import { removeExecDir } from './exec-dir.ts';
import { unmountShm } from './namespaces.ts';
import { sandboxRequest } from './network-request.ts';
import { BUCKET, type ContainerRecord } from './record.ts';
import { removeLocked } from './remove.ts';
import { shouldStartWithDaemon } from './restart-policy.ts';
import { adoptRootfs, dropRootfs } from './rootfs.ts';
import { isLive } from './state.ts';
import { formatTime, parseTime } from './time.ts';

const UNKNOWN_EXIT = 255;
const AT_ONCE = 16;

export interface Watch {
  /** Joins a recovered run's streams and waits for its end. */
  watch(container: Container): void;
  start(container: Container): Promise<unknown>;
}

/**
 * After a daemon start, however the last one ended: every record is loaded; what runs is taken back with its streams and
 * network, what ended meanwhile is seen out, what is gone without a trace exited 255; half-done work is swept.
 */
export async function restoreContainers(context: Context, watch: Watch): Promise<void> {
  const rows = await context.metadata.load<ContainerRecord>(BUCKET);
  const containers: Container[] = [];
  for (const { value } of rows) {
    const container = new Container(value, context.dirs);
    try {
      context.directory.reserveName(value.name, value.id);
    } catch (error) {
      context.warn(`container ${value.id}: ${messageOf(error)}`);
      continue;
    }
    context.directory.add(container);
    for (const mount of value.mounts) if (mount.type === 'volume') context.volumes.acquire(mount.name, value.id);
    containers.push(container);
  }
  await inParallel(containers, (container) =>
    recoverOne(context, container, watch).catch((error: unknown) =>
      context.warn(`container ${container.id} could not be restored: ${messageOf(error)}`),
    ),
  );
  await sweep(context);
  for (const container of context.directory.all()) {
    if (container.isLive || !wantsStart(container)) continue;
    await watch
      .start(container)
      .catch((error: unknown) => context.warn(`container ${container.id}: ${messageOf(error)}`));
  }
}

async function inParallel(containers: Container[], work: (container: Container) => Promise<void>): Promise<void> {
  const queue = [...containers];
  const lane = async (): Promise<void> => {
    for (let container = queue.shift(); container !== undefined; container = queue.shift()) await work(container);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
}

function wantsStart({ record }: Container): boolean {
  const { state } = record;
  if (parseTime(state.startedAt) === 0 || !['exited', 'restarting'].includes(state.status)) return false;
  return shouldStartWithDaemon(record.hostConfig.RestartPolicy ?? {}, {
    exitCode: state.exitCode,
    restartCount: record.restartCount,
    isManuallyStopped: record.isManuallyStopped,
  });
}

async function recoverOne(context: Context, container: Container, watch: Watch): Promise<void> {
  const { id, record } = container;
  const { state, hostConfig } = record;
  if ((await context.snapshots.find(snapshotOf(id))) === undefined) {
    // Its removal was under way.
    state.status = 'exited';
    await removeLocked(context, container, { volumes: hostConfig.AutoRemove === true });
    return;
  }
  const found = await context.runtime.recover(id, container.stdio);
  if (found.state === 'unknown') {
    await lost(context, container);
    return;
  }
  const { process } = found;
  const sandbox = readSandbox(container);
  if (sandbox !== undefined && found.state === 'running') {
    await context.networks.restore(sandboxRequest(container), sandbox);
  }
  await adoptRootfs(container, context.snapshots);
  if (found.state === 'running') await adoptVolumes(context, container);
  const log = await context.logs.openWriter(container.logged);
  const wasPaused = state.status === 'paused';
  state.status = wasPaused ? 'paused' : 'running';
  state.startedAt = formatTime(process.startedAtMs);
  container.run = { process, sandbox, log, startedAtMs: process.startedAtMs };
  context.records.saveLater(container);
  watch.watch(container);
}

async function adoptVolumes({ volumes }: Context, { id, record }: Container): Promise<void> {
  for (const mount of record.mounts) if (mount.type === 'volume') await volumes.mountpoint(mount.name, id);
}

/** No process and no trace of its end: the machine went down with it, or somebody took it away. */
async function lost(context: Context, container: Container): Promise<void> {
  const { record } = container;
  const { state, hostConfig } = record;
  container.mount = await context.snapshots.mounts(snapshotOf(container.id));
  container.isMounted = existsSync(container.rootfs);
  dropRootfs(container);
  unmountShm(container);
  removeExecDir(container);
  await context.runtime.release(container.id);
  if (isLive(state.status)) {
    state.status = 'exited';
    state.exitCode = UNKNOWN_EXIT;
    state.finishedAt = formatTime(context.now());
    context.records.saveLater(container);
  }
  if (state.status === 'removing' || state.status === 'dead' || hostConfig.AutoRemove) {
    state.status = 'exited';
    await removeLocked(context, container, { volumes: hostConfig.AutoRemove === true });
  }
}

function readSandbox(container: Container): Sandbox | undefined {
  const path = join(container.execDir, 'sandbox.json');
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Sandbox) : undefined;
}

/** What no record owns: sandboxes, build steps, snapshots and folders of a create or remove that was cut. */
async function sweep(context: Context): Promise<void> {
  const { directory, dirs, snapshots, runtime, warn } = context;
  for (const id of namesIn(join(dirs.exec, 'steps'))) {
    await runtime.killAll(id).catch(() => {});
    await runtime.release(id).catch((error: unknown) => warn(`build step ${id}: ${messageOf(error)}`));
    rmSync(join(dirs.exec, 'steps', id), { recursive: true, force: true });
  }
  const live = directory.all().filter((container) => container.isLive);
  await context.networks.sweep(new Set(live.map((container) => container.id)));
  for (const { key } of await snapshots.list()) {
    const id = key.startsWith('c-') ? key.slice(2) : undefined;
    const isInitDraft = key.startsWith('init-') && key.endsWith('-new');
    if (!isInitDraft && (id === undefined || directory.find(id) !== undefined)) continue;
    await snapshots.remove(key).catch((error: unknown) => {
      if (!isEngineError(error, 'conflict')) warn(`snapshot ${key}: ${messageOf(error)}`);
    });
  }
  for (const id of namesIn(join(dirs.data, 'containers'))) {
    if (directory.find(id) === undefined) rmSync(join(dirs.data, 'containers', id), { recursive: true, force: true });
  }
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}

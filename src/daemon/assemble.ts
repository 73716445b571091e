import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { applyChanges, type Builder, createBuilder } from '../build/index.ts';
import { type ContainersRoom, createContainers } from '../containers/index.ts';
import { createEvents } from '../events/index.ts';
import { mount, mountsBelow, unmount } from '../host/index.ts';
import { createImages } from '../images/index.ts';
import { createLogs } from '../logs/index.ts';
import { createNetworks } from '../networks/index.ts';
import { createRuntime } from '../runtime/index.ts';
import type { Rooms } from '../server/index.ts';
import { createContentStore, createLayers, createSnapshots, openMetadata, type Snapshots } from '../store/index.ts';
import { createSystem } from '../system/index.ts';
import { createVolumes } from '../volumes/index.ts';
import type { DaemonConfig } from './config.ts';
import type { Logger } from './log.ts';
import { originalOpenFileLimit } from './process-settings.ts';

export interface Engine {
  rooms: Rooms;
  /** Before anything is asked: takes back what runs, removes what a crash left. */
  restore(): Promise<void>;
  /** After the last request. True when nothing runs any more: the mounts of the roots may go. */
  shutdown(): Promise<boolean>;
}

const TRASH_GRACE_MS = 5000;

const OCI_ARCHITECTURES: Record<string, string> = { x64: 'amd64', arm64: 'arm64' };

/** Milliseconds since 1970 with fractions: what happens within one millisecond keeps its order. */
const now = (): number => performance.timeOrigin + performance.now();
const newId = (): string => randomBytes(32).toString('hex');

/** The one file that knows every room: makes each with what it asks of the others. */
export async function assemble(config: DaemonConfig, version: string, log: Logger): Promise<Engine> {
  const { dataRoot, execRoot } = config;
  const folder = (path: string): string => {
    mkdirSync(path, { recursive: true, mode: 0o710 });
    return path;
  };
  const warn = (message: string): void => log.warn(message);

  const [metadata, runtime] = await Promise.all([
    openMetadata({ path: join(dataRoot, 'metadata.db') }),
    createRuntime({
      root: join(execRoot, 'runtime'),
      cgroupParent: cgroupParentOf(execRoot),
      now,
      engineMounts: [execRoot, dataRoot],
      ...(config.defaultRuntime !== undefined && { runtimePath: `/usr/bin/${config.defaultRuntime}` }),
    }),
  ]);
  for (const warning of runtime.warnings) warn(warning);
  const content = await createContentStore({ dir: folder(join(dataRoot, 'content')) });
  const snapshots = await createSnapshots({ dir: folder(join(dataRoot, 'snapshots')) });
  const layers = createLayers({ snapshots });
  const events = createEvents({ now });
  const logs = createLogs({ warn });
  const [networks, volumes] = await Promise.all([
    createNetworks({
      execRoot,
      metadata,
      events,
      now,
      warn,
      config: {
        ...(config.bridge !== undefined && { bridgeName: config.bridge }),
        ...(config.bip !== undefined && { bip: config.bip }),
      },
    }),
    createVolumes({
      dir: folder(join(dataRoot, 'volumes')),
      metadata,
      layers,
      events,
      host: { mount, unmount, mountsBelow },
      now,
    }),
  ]);

  // Images are asked who uses them, containers are made of images: the one is told of the other afterwards.
  let room: ContainersRoom | undefined;
  let builder: Builder | undefined;
  /** Below an image's layer there may be the init layer of its containers: it goes with it. */
  const layered: Snapshots = {
    ...snapshots,
    async remove(key) {
      await room?.removeInitLayers(key);
      await snapshots.remove(key);
    },
  };
  const platform = { architecture: OCI_ARCHITECTURES[process.arch] ?? process.arch, os: 'linux' };
  const images = await createImages({
    content,
    snapshots: layered,
    layers,
    metadata,
    events,
    now,
    platform,
    applyChanges,
    containersUsing: (imageId) => room?.containersUsing(imageId) ?? [],
    tempDir: folder(join(dataRoot, 'tmp')),
    isSnapshotUsed: (key) => builder?.isSnapshotUsed(key) ?? true,
  });
  const nofile = originalOpenFileLimit();
  room = createContainers({
    images,
    snapshots,
    layers,
    runtime,
    networks,
    volumes,
    logs,
    events,
    metadata,
    dirs: { data: dataRoot, exec: execRoot },
    now,
    newId,
    warn,
    config: {
      noNewPrivileges: config.isNoNewPrivileges,
      init: config.isInit,
      ulimits: [{ name: 'nofile', ...nofile }],
      ...(config.initPath !== undefined && { initPath: config.initPath }),
      ...(config.logDriver !== undefined && { logConfig: { type: config.logDriver, options: config.logOptions } }),
    },
  });
  builder = createBuilder({
    images,
    snapshots: layered,
    layers,
    metadata,
    runStep: room.runStep,
    tempDir: folder(join(dataRoot, 'build')),
    now,
    newId,
    platform,
    isHostCa: config.isHostCa,
  });
  const { containers, restore } = room;
  const system = createSystem({
    engine: {
      version,
      id: engineId(dataRoot),
      dataRoot,
      labels: config.labels,
      isDebug: config.isDebug,
      isLiveRestore: config.isLiveRestore,
      initBinary: 'tini',
    },
    runtime: { name: runtime.name, path: runtime.path, version: runtime.version },
    storage: { driver: 'overlay2', status: storageStatus(dataRoot) },
    containerCounts: () => containers.counts(),
    imageCount: async () => (await images.list({ all: true, filters: {}, sharedSize: false })).length,
    loggingDriver: config.logDriver ?? logs.defaultConfig.type,
    warnings: runtime.warnings,
    now: () => new Date(now()),
  });

  return {
    rooms: { containers, images, volumes, networks, builder, events, system },
    async restore() {
      await restore();
      await builder.sweep();
    },
    async shutdown() {
      await room.shutdown({ stop: !config.isLiveRestore, timeoutMs: config.shutdownTimeoutSeconds * 1000 });
      await networks.shutdown();
      const { running, paused } = containers.counts();
      await metadata.close();
      // What was removed just now is deleted in the background: give it a moment; the next start goes on with the rest.
      await Promise.race([snapshots[Symbol.asyncDispose](), sleep(TRASH_GRACE_MS, undefined, { ref: false })]);
      if (running + paused === 0) runtime.close();
      return running + paused === 0;
    },
  };
}

/** `/berth` for the usual exec root; another daemon beside it gets a cgroup of its own. */
function cgroupParentOf(execRoot: string): string {
  return execRoot === '/run/berth' ? '/berth' : `/berth${execRoot.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
}

/** Stable over restarts, as clients expect of `info`'s ID. */
function engineId(dataRoot: string): string {
  const file = join(dataRoot, 'engine-id');
  if (!existsSync(file)) writeFileSync(file, crypto.randomUUID(), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** What `docker info` shows of overlay2. */
function storageStatus(dataRoot: string): [string, string][] {
  const types: Record<number, string> = { 61267: 'extfs', 1481003842: 'xfs', 2435016766: 'btrfs', 16914836: 'tmpfs' };
  const { statfsSync } = process.getBuiltinModule('node:fs');
  return [
    ['Backing Filesystem', types[statfsSync(dataRoot).type] ?? 'unknown'],
    ['Supports d_type', 'true'],
    ['Using metacopy', 'false'],
    ['Native Overlay Diff', 'true'],
    ['userxattr', 'false'],
  ];
}

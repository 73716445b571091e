import { existsSync, mkdirSync, rmSync } from 'node:fs';
import type { ContainerConfig, ContainerCreateRequest, ContainerCreateResponse, HostConfig } from '../api/index.ts';
import { invalidParameter, notFound } from '../errors/index.ts';
import type { Image } from '../images/index.ts';
import { Rollback } from '../lib/index.ts';
import { Container, snapshotOf } from './container.ts';
import type { Context } from './context.ts';
import type { Directory } from './directory.ts';
import { removeExecDir } from './exec-dir.ts';
import { withDefaults } from './host-config.ts';
import { commandOf, mergeConfig } from './merge-config.ts';
import { type PlannedMount, planMounts } from './mounts/mount-points.ts';
import { parseName, randomName } from './names.ts';
import { normalizePlatform, parsePlatform, platformWarning } from './platform.ts';
import { type ContainerRecord, type MountRecord, ZERO_TIME } from './record.ts';
import { useRootfs } from './rootfs.ts';
import { formatTime } from './time.ts';
import { checkRequest } from './validate/request.ts';

type Needs = Pick<
  Context,
  'images' | 'snapshots' | 'volumes' | 'logs' | 'runtime' | 'events' | 'directory' | 'records' | 'initLayers' | 'facts'
> &
  Pick<Context, 'dirs' | 'now' | 'newId' | 'config'>;

/**
 * Validates, claims the name, prepares the file system and the volumes, and writes the record down: from then on the
 * container exists. Anything that fails before takes everything back.
 */
export async function createContainer(
  needs: Needs,
  name: string | undefined,
  request: ContainerCreateRequest,
  platform?: string,
): Promise<ContainerCreateResponse> {
  const { facts, runtime } = needs;
  const ownName = name === undefined || name === '' ? undefined : parseName(name);
  const context = {
    limits: facts,
    runtimeName: runtime.name,
    available: facts.capabilities,
  };
  const warnings = checkRequest(request, context);
  const image = imageFor(needs, request.Image ?? '', platform);
  if (platform === undefined || platform === '') warnings.push(...platformWarning(image, facts.architecture));
  const config = mergeConfig(request, image.config.config ?? {});
  const { path, args } = commandOf(config);
  const hostConfig = hostConfigFor(needs, request.HostConfig ?? {});
  checkReferences(needs, hostConfig);
  const planned = planMounts({
    hostConfig,
    imageVolumes: Object.keys(config.Volumes ?? {}),
    mountsOf: (ref) => mustFind(needs.directory, ref).record.mounts,
    exists: existsSync,
  });

  await using undo = new Rollback();
  const id = needs.newId();
  const taken = ownName ?? randomName((candidate) => needs.directory.isNameTaken(candidate));
  needs.directory.reserveName(taken, id);
  undo.push(() => needs.directory.releaseName(taken, id));
  config.Hostname = hostnameOf(config, hostConfig, id);
  const record: ContainerRecord = {
    version: 1,
    id,
    name: taken,
    created: formatTime(needs.now()),
    imageId: image.id,
    path,
    args,
    config,
    hostConfig,
    endpoints: endpointsFor(request, hostConfig),
    mounts: [],
    state: { status: 'created', exitCode: 0, error: '', oomKilled: false, startedAt: ZERO_TIME, finishedAt: ZERO_TIME },
    restartCount: 0,
    isManuallyStopped: false,
  };
  const container = new Container(record, needs.dirs);
  await prepareFiles(needs, container, image, undo);
  await makeVolumes(needs, container, planned, undo);
  await needs.records.save(container);
  needs.directory.add(container);
  undo.commit();
  needs.events.publish('container', 'create', { id, attributes: container.attributes });
  return { Id: id, Warnings: warnings };
}

/** @throws not-found with the texts that make a client pull */
function imageFor({ images }: Needs, ref: string, platform: string | undefined): Image {
  if (ref === '') throw invalidParameter('no-image', 'no image specified');
  const asked = platform === undefined || platform === '' ? undefined : parsePlatform(platform);
  const image = images.get(ref);
  if (asked === undefined) return image;
  const { os, architecture, variant = '' } = normalizePlatform(image.config);
  const isSame =
    os === asked.os &&
    architecture === asked.architecture &&
    (asked.variant === '' || variant === '' || variant === asked.variant);
  if (isSame) return image;
  const shown = (parts: string[]): string => parts.filter((part) => part !== '').join('/');
  throw notFound(
    'image-platform-mismatch',
    `image with reference ${ref} was found but its platform (${shown([os, architecture, variant])}) ` +
      `does not match the specified platform (${shown([asked.os, asked.architecture, asked.variant])})`,
  );
}

function hostConfigFor({ facts, runtime, logs, config }: Needs, request: HostConfig): HostConfig {
  const hostConfig = withDefaults(request, {
    isCgroupV2: facts.isCgroupV2,
    hasBlkioWeight: facts.hasBlkioWeight,
    runtimeName: runtime.name,
    logConfig: config.logConfig ?? logs.defaultConfig,
    ...(config.shmSizeBytes !== undefined && { shmSizeBytes: config.shmSizeBytes }),
    ...(config.cgroupParent !== undefined && { cgroupParent: config.cgroupParent }),
  });
  if (/\0|(^|\/)\.\.(\/|$)/.test(hostConfig.CgroupParent ?? '')) {
    throw invalidParameter('invalid-cgroup-parent', `invalid cgroup parent: ${hostConfig.CgroupParent}`);
  }
  logs.validate({ type: hostConfig.LogConfig?.Type ?? '', options: hostConfig.LogConfig?.Config ?? {} });
  return hostConfig;
}

/** Containers that the request names must be there. */
function checkReferences({ directory }: Needs, hostConfig: HostConfig): void {
  for (const mode of [hostConfig.IpcMode ?? '', hostConfig.PidMode ?? '']) {
    if (mode.startsWith('container:')) mustFind(directory, mode.slice('container:'.length));
  }
  for (const link of hostConfig.Links ?? []) {
    const parts = link.split(':');
    if (link === '' || parts.length > 2 || parts.includes('')) {
      throw invalidParameter('bad-link', `bad format for links: ${link}`);
    }
    const target = parts[0] ?? '';
    if (directory.find(target) === undefined) {
      throw invalidParameter('bad-link', `could not get container for ${target}: No such container: ${target}`);
    }
  }
}

/** Not "not found": clients take a 404 from create for a missing image, and pull. */
function mustFind(directory: Directory, ref: string): Container {
  const found = directory.find(ref);
  if (found === undefined) throw invalidParameter('no-such-container', `No such container: ${ref}`);
  return found;
}

function hostnameOf(config: ContainerConfig, hostConfig: HostConfig, id: string): string {
  const mode = hostConfig.NetworkMode ?? '';
  if (config.Hostname) return config.Hostname;
  if (mode.startsWith('container:')) return '';
  return id.slice(0, 12);
}

function endpointsFor(request: ContainerCreateRequest, hostConfig: HostConfig): ContainerRecord['endpoints'] {
  const mode = hostConfig.NetworkMode ?? '';
  if (request.NetworkDisabled || mode.startsWith('container:')) return {};
  const asked = request.NetworkingConfig?.EndpointsConfig ?? {};
  const named = Object.fromEntries(
    Object.entries(asked).map(([key, value]) => [key === 'default' ? 'bridge' : key, value]),
  );
  return Object.hasOwn(named, mode) ? named : { [mode]: {}, ...named };
}

async function prepareFiles(needs: Needs, container: Container, image: Image, undo: Rollback): Promise<void> {
  const parent = await needs.initLayers.ensure(image);
  const key = snapshotOf(container.id);
  const isVolatile = container.record.hostConfig.AutoRemove === true;
  container.mount = await needs.snapshots.prepare(key, parent, { isVolatile });
  undo.push(() => needs.snapshots.remove(key));
  mkdirSync(container.dir, { recursive: true, mode: 0o710 });
  undo.push(() => rmSync(container.dir, { recursive: true, force: true }));
}

async function makeVolumes(needs: Needs, container: Container, planned: PlannedMount[], undo: Rollback): Promise<void> {
  const { volumes } = needs;
  const { record } = container;
  for (const mount of planned) record.mounts.push(await madeVolume(needs, container, mount, undo));
  const toFill = record.mounts.filter((mount) => mount.type === 'volume' && mount.copyUp);
  if (toFill.length === 0) return;
  const release = await useRootfs(container, needs.snapshots);
  try {
    for (const mount of toFill) await volumes.populate(mount.name, container.rootfs, mount.destination);
  } finally {
    release();
    removeExecDir(container);
  }
}

async function madeVolume(
  { volumes }: Needs,
  { id }: Container,
  planned: PlannedMount,
  undo: Rollback,
): Promise<MountRecord> {
  const { volumeLabels, volumeOptions, ...mount } = planned;
  if (mount.type !== 'volume') return mount;
  const made = await volumes.create({
    Driver: mount.driver,
    ...(mount.name !== '' && { Name: mount.name }),
    ...(volumeLabels && { Labels: volumeLabels }),
    ...(volumeOptions && { DriverOpts: volumeOptions }),
    isAnonymous: mount.isAnonymous,
  });
  const name = made.Name ?? mount.name;
  if (mount.isAnonymous) undo.push(() => volumes.remove(name, true));
  volumes.acquire(name, id);
  undo.push(() => volumes.release(name, id));
  return { ...mount, name, source: made.Mountpoint ?? '' };
}

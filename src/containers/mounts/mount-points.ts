import { posix } from 'node:path';
import type { HostConfig, Mount } from '../../api/index.ts';
import { invalidParameter, isEngineError, messageOf, notImplemented } from '../../errors/index.ts';
import type { MountRecord } from '../record.ts';
import { badMount, checkedDestination, notAbsolute } from './mount-errors.ts';
import { parseMode, splitBind } from './parse-bind.ts';

const PROPAGATIONS = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];

/** A volume that create has to make (`name` '' for an anonymous one) before the record can name it. */
export interface PlannedMount extends MountRecord {
  volumeLabels?: Record<string, string>;
  volumeOptions?: Record<string, string>;
}

const PLAIN: Omit<MountRecord, 'type' | 'destination'> = {
  source: '',
  name: '',
  driver: '',
  mode: '',
  writable: true,
  propagation: '',
  isNonRecursive: false,
  isReadOnlyNonRecursive: false,
  isReadOnlyForceRecursive: false,
  copyUp: false,
  createSource: false,
  tmpfsOptions: [],
  isAnonymous: false,
};

export interface MountSources {
  hostConfig: HostConfig;
  /** Config.Volumes of the request and the image. */
  imageVolumes: readonly string[];
  /** Mounts of another container, for VolumesFrom. */
  mountsOf(container: string): readonly MountRecord[];
  /** Does the host have this path? */
  exists(path: string): boolean;
}

/**
 * Every mount of a container, in the order of mounting (outer before inner). Later sources win over VolumesFrom; the
 * image's volumes only fill what is free. @throws invalid-parameter with Docker's texts
 */
export function planMounts(sources: MountSources): PlannedMount[] {
  const { hostConfig } = sources;
  const planned = new Map<string, PlannedMount>();
  for (const spec of hostConfig.VolumesFrom ?? []) {
    for (const mount of fromOther(spec, sources)) planned.set(mount.destination, mount);
  }
  const own = new Set<string>();
  const claim = (mount: PlannedMount): void => {
    if (own.has(mount.destination)) {
      throw invalidParameter('duplicate-mount', `Duplicate mount point: ${mount.destination}`);
    }
    own.add(mount.destination);
    planned.set(mount.destination, mount);
  };
  for (const spec of hostConfig.Binds ?? []) claim(fromBind(spec, hostConfig.VolumeDriver || 'local'));
  for (const mount of hostConfig.Mounts ?? []) claim(fromMount(mount, sources));
  for (const path of Object.keys(hostConfig.Tmpfs ?? {})) {
    if (!path.startsWith('/')) throw invalidParameter('invalid-mount-config', notAbsolute(path));
    if (own.has(posix.resolve('/', path))) {
      throw invalidParameter('duplicate-mount', `Duplicate mount point: ${posix.resolve('/', path)}`);
    }
    own.add(checkedDestination('tmpfs', path));
  }
  for (const path of sources.imageVolumes) {
    const destination = checkedDestination('volume', path);
    if (planned.has(destination) || own.has(destination)) continue;
    const driver = hostConfig.VolumeDriver || 'local';
    planned.set(destination, { ...PLAIN, type: 'volume', destination, driver, copyUp: true, isAnonymous: true });
  }
  return [...planned.values()].sort(byDepth);
}

/** A mount below another one comes after it. */
export function byDepth(a: { destination: string }, b: { destination: string }): number {
  const depth = (path: string): number => path.split('/').length;
  return depth(a.destination) - depth(b.destination) || (a.destination < b.destination ? -1 : 1);
}

function fromOther(spec: string, sources: MountSources): PlannedMount[] {
  const [container = '', mode = ''] = spec.split(':');
  if (container === '')
    throw invalidParameter('invalid-volumes-from', 'volumes-from specification cannot be an empty string');
  const { writable } = parseMode(mode, true);
  return sources.mountsOf(container).map((mount) => ({
    ...mount,
    mode,
    writable: mount.writable && writable,
    copyUp: false,
    isAnonymous: false,
  }));
}

function fromBind(spec: string, driver: string): PlannedMount {
  const { source, destination: target, mode } = splitBind(spec);
  const isVolume = !source.startsWith('/');
  let destination: string;
  try {
    destination = checkedDestination(isVolume ? 'volume' : 'bind', target);
  } catch (error) {
    if (!isEngineError(error)) throw error;
    throw invalidParameter('invalid-volume-spec', `invalid volume specification: '${spec}': ${messageOf(error)}`);
  }
  const parsed = parseMode(mode, isVolume);
  const common = { ...PLAIN, destination, writable: parsed.writable };
  if (isVolume) {
    const isAnonymous = source === '';
    return { ...common, type: 'volume', name: source, driver, mode: mode || 'z', copyUp: parsed.copyUp, isAnonymous };
  }
  const propagation = parsed.propagation || 'rprivate';
  return { ...common, type: 'bind', source: posix.resolve(source), mode, propagation, createSource: true };
}

function fromMount(mount: Mount, sources: MountSources): PlannedMount {
  const type = mount.Type ?? '';
  if (type === 'image' || type === 'cluster') {
    throw notImplemented('mount-type', `mounts of type "${type}" are not supported by Berth yet (HostConfig.Mounts)`);
  }
  if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') throw badMount(type, 'mount type unknown');
  const destination = checkedDestination(type, mount.Target ?? '');
  checkOptions(mount, type);
  const common: PlannedMount = { ...PLAIN, type, destination, writable: mount.ReadOnly !== true };
  if (type === 'bind') return bindMount(mount, common, sources);
  if (type === 'volume') return volumeMount(mount, common);
  if (mount.Source) throw badMount('tmpfs', 'field Source must not be specified');
  return { ...common, tmpfsOptions: tmpfsOptions(mount) };
}

function checkOptions(mount: Mount, type: string): void {
  const options = {
    bind: mount.BindOptions,
    volume: mount.VolumeOptions,
    tmpfs: mount.TmpfsOptions,
    image: mount.ImageOptions,
  };
  const names = { bind: 'BindOptions', volume: 'VolumeOptions', tmpfs: 'TmpfsOptions', image: 'ImageOptions' } as const;
  for (const key of ['bind', 'volume', 'tmpfs', 'image'] as const) {
    if (key !== type && options[key]) {
      throw invalidParameter('invalid-mount-config', `${names[key]} must not be specified on mount type "${type}"`);
    }
  }
}

function bindMount(mount: Mount, common: PlannedMount, sources: MountSources): PlannedMount {
  const source = mount.Source ?? '';
  if (source === '') throw badMount('bind', 'field Source must not be empty');
  if (!source.startsWith('/') || source.includes('\0')) throw badMount('bind', notAbsolute(source));
  const options = mount.BindOptions ?? {};
  const propagation = options.Propagation ?? 'rprivate';
  if (!PROPAGATIONS.includes(propagation)) throw badMount('bind', `invalid propagation mode: ${propagation}`);
  if (options.ReadOnlyForceRecursive && options.ReadOnlyNonRecursive) {
    throw badMount('bind', 'ReadOnlyNonRecursive and ReadOnlyForceRecursive are mutually exclusive');
  }
  const clean = posix.resolve(source);
  if (!options.CreateMountpoint && !sources.exists(clean)) throw missingSource(clean);
  return {
    ...common,
    source: clean,
    propagation,
    isNonRecursive: options.NonRecursive === true,
    isReadOnlyNonRecursive: options.ReadOnlyNonRecursive === true,
    isReadOnlyForceRecursive: options.ReadOnlyForceRecursive === true,
    createSource: options.CreateMountpoint === true,
  };
}

export function missingSource(path: string): Error {
  return badMount('bind', `bind source path does not exist: ${path}`);
}

function volumeMount(mount: Mount, common: PlannedMount): PlannedMount {
  const options = mount.VolumeOptions ?? {};
  if (options.Subpath) throw notImplemented('volume-subpath', 'VolumeOptions.Subpath is not supported by Berth yet');
  const isAnonymous = !mount.Source;
  return {
    ...common,
    name: mount.Source ?? '',
    driver: options.DriverConfig?.Name || 'local',
    mode: 'z',
    copyUp: options.NoCopy !== true,
    isAnonymous,
    ...(options.Labels && { volumeLabels: options.Labels }),
    ...(options.DriverConfig?.Options && { volumeOptions: options.DriverConfig.Options }),
  };
}

const TMPFS_FLAGS = new Set(
  'exec noexec suid nosuid dev nodev sync async dirsync mand nomand atime noatime diratime nodiratime relatime norelatime strictatime nostrictatime'.split(
    ' ',
  ),
);
const TMPFS_KEYS = new Set('mode uid gid nr_inodes nr_blocks mpol size'.split(' '));

function tmpfsOptions(mount: Mount): string[] {
  const { SizeBytes, Mode, Options } = mount.TmpfsOptions ?? {};
  const out: string[] = [];
  if (mount.ReadOnly) out.push('ro');
  if (Mode) out.push(`mode=${Mode.toString(8)}`);
  if (SizeBytes) {
    if (SizeBytes < 0) throw badMount('tmpfs', 'size must be positive');
    out.push(`size=${SizeBytes}`);
  }
  for (const [name = '', value] of Options ?? []) {
    const isKnown = value === undefined ? TMPFS_FLAGS.has(name) : TMPFS_KEYS.has(name) && /^[a-z0-9:,=-]*$/.test(value);
    if (!isKnown || value?.includes(',')) throw badMount('tmpfs', `invalid option: ${JSON.stringify(name)}`);
    out.push(value === undefined ? name : `${name}=${value}`);
  }
  return out;
}

const TMPFS_DEFAULTS = ['noexec', 'nosuid', 'nodev', 'rprivate'];
const OPPOSITES: Record<string, string> = { exec: 'noexec', suid: 'nosuid', dev: 'nodev' };

/** `--tmpfs`'s options over Docker's defaults. @throws invalid-parameter `invalid-tmpfs-option` */
export function mergeTmpfsOptions(asked: readonly string[]): string[] {
  for (const option of asked) {
    const [name = '', value] = option.split('=');
    const isKnown =
      value === undefined
        ? TMPFS_FLAGS.has(name) || ['ro', 'rw', ...PROPAGATIONS].includes(name)
        : TMPFS_KEYS.has(name);
    if (!isKnown) throw invalidParameter('invalid-tmpfs-option', `invalid tmpfs option ${JSON.stringify(option)}`);
  }
  const names = new Set(asked);
  const kept = TMPFS_DEFAULTS.filter((name) => {
    if (name === 'rprivate') return !asked.some((option) => PROPAGATIONS.includes(option));
    return !names.has(name) && !Object.entries(OPPOSITES).some(([on, off]) => off === name && names.has(on));
  });
  return [...kept, ...asked];
}

import { resolve } from 'node:path';
import type { Mount } from '../../../api/index.ts';
import { invalidParameter } from '../../../errors/index.ts';
import { parseBytes } from '../../format/units.ts';

const bad = (message: string): Error => invalidParameter('bad-mount', message);

interface Field {
  key: string;
  /** Undefined when the field has no `=`. */
  value: string | undefined;
}

function bool({ key, value }: Field): boolean {
  if (value === undefined || ['1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
  if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
  throw bad(value === '' ? `invalid value for '${key}': value is empty` : `invalid value for ${key}: ${value}`);
}

function text({ key, value }: Field): string {
  if (value === undefined) throw bad(`invalid field '${key}' must be a key=value pair`);
  if (value === '') throw bad(`invalid value for '${key}': value is empty`);
  return value;
}

function pair(field: Field): Record<string, string> {
  const [name = '', ...rest] = text(field).split('=');
  return { [name]: rest.join('=') };
}

type Propagation = NonNullable<NonNullable<Mount['BindOptions']>['Propagation']>;
type Setter = (mount: Mount, field: Field) => void;

const bind =
  (options: (field: Field) => Mount['BindOptions']): Setter =>
  (mount, field) => {
    mount.BindOptions = { ...mount.BindOptions, ...options(field) };
  };
const volume =
  (options: (field: Field, before: NonNullable<Mount['VolumeOptions']>) => Mount['VolumeOptions']): Setter =>
  (mount, field) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, ...options(field, mount.VolumeOptions ?? {}) };
  };

/** `bind-recursive`: what becomes of the mounts below a bind mount. */
function recursion(field: Field): Mount['BindOptions'] {
  switch (text(field)) {
    case 'enabled':
      return {};
    case 'disabled':
      return { NonRecursive: true };
    case 'writable':
      return { ReadOnlyNonRecursive: true };
    case 'readonly':
      return { ReadOnlyForceRecursive: true };
    default:
      throw bad(
        `invalid value for ${field.key}: ${field.value} (must be "enabled", "disabled", "writable", or "readonly")`,
      );
  }
}

/** Every key of `--mount`, and what it does to the request. */
const KEYS: Record<string, Setter> = {
  type: (mount, field) => {
    mount.Type = text(field).toLowerCase() as Mount['Type'];
  },
  source: (mount, field) => {
    const source = text(field);
    mount.Source = /^\.{1,2}(\/|$)/.test(source) ? resolve(source) : source;
  },
  target: (mount, field) => {
    mount.Target = text(field);
  },
  readonly: (mount, field) => {
    mount.ReadOnly = bool(field);
  },
  consistency: (mount, field) => {
    mount.Consistency = text(field).toLowerCase();
  },
  'bind-propagation': bind((field) => ({ Propagation: text(field).toLowerCase() as Propagation })),
  'bind-nonrecursive': bind((field) => ({ NonRecursive: bool(field) })),
  'bind-recursive': bind(recursion),
  'bind-create-src': bind((field) => ({ CreateMountpoint: bool(field) })),
  'volume-subpath': volume((field) => ({ Subpath: text(field) })),
  'volume-nocopy': volume((field) => ({ NoCopy: bool(field) })),
  'volume-label': volume((field, { Labels }) => ({ Labels: { ...Labels, ...pair(field) } })),
  'volume-driver': volume((field, { DriverConfig }) => ({ DriverConfig: { ...DriverConfig, Name: text(field) } })),
  'volume-opt': volume((field, { DriverConfig }) => ({
    DriverConfig: { ...DriverConfig, Options: { ...DriverConfig?.Options, ...pair(field) } },
  })),
  'image-subpath': (mount, field) => {
    mount.ImageOptions = { Subpath: text(field) };
  },
  'tmpfs-size': (mount, field) => {
    const size = parseBytes(text(field));
    if (size === undefined) throw bad(`invalid value for ${field.key}: ${field.value}`);
    mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: size };
  },
  'tmpfs-mode': (mount, field) => {
    if (!/^[0-7]+$/.test(text(field))) throw bad(`invalid value for ${field.key}: ${field.value}`);
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(text(field), 8) };
  },
};
const ALIASES: Record<string, string> = { src: 'source', dst: 'target', destination: 'target', ro: 'readonly' };
const FLAGS = new Set(['readonly', 'bind-nonrecursive', 'bind-create-src', 'volume-nocopy']);

/**
 * One `--mount type=…,source=…,target=…` (comma-separated, a field with commas in double quotes).
 * @throws invalid-parameter `bad-mount` with the reason that follows `invalid argument … for "--mount" flag: `
 */
export function parseMount(spec: string): Mount {
  if (spec === '') throw bad('EOF');
  const mount: Mount = { Type: 'volume' };
  const given = new Set<string>();
  for (const [, quoted, plain] of spec.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    const field = quoted?.replaceAll('""', '"') ?? plain ?? '';
    const equals = field.indexOf('=');
    const name = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const key = ALIASES[name] ?? name;
    const set = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (equals < 0 && !FLAGS.has(key)) throw bad(`invalid field '${field}' must be a key=value pair`);
    if (set === undefined) throw bad(`unexpected key '${name}' in '${field}'`);
    set(mount, { key: name, value: equals < 0 ? undefined : field.slice(equals + 1) });
    given.add(key.split('-')[0] ?? '');
  }
  checkTogether(mount, given);
  // An options object with a driver in it, even an empty one, is how docker's own client says "volume options".
  if (mount.VolumeOptions) mount.VolumeOptions.DriverConfig ??= {};
  return mount;
}

function checkTogether(mount: Mount, given: ReadonlySet<string>): void {
  if (!mount.Target) throw bad('target is required');
  for (const kind of ['bind', 'volume', 'image', 'tmpfs'])
    if (given.has(kind) && mount.Type !== kind)
      throw bad(`cannot mix '${kind}-*' options with mount type '${mount.Type}'`);
  if (mount.BindOptions?.ReadOnlyForceRecursive) {
    if (!mount.ReadOnly)
      throw bad("option 'bind-recursive=readonly' requires 'readonly' to be specified in conjunction");
    if (mount.BindOptions.Propagation !== 'rprivate')
      throw bad("option 'bind-recursive=readonly' requires 'bind-propagation=rprivate' to be specified in conjunction");
  }
  if (mount.BindOptions?.ReadOnlyNonRecursive && !mount.ReadOnly)
    throw bad("option 'bind-recursive=writable' requires 'readonly' to be specified in conjunction");
}

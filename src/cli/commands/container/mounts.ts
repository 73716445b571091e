import type { Mount } from '../../../api/index.ts';
import { invalidParameter } from '../../../errors/index.ts';
import { parseBytes } from '../../format/units.ts';

const TRUE = new Set(['', '1', 'true', 't']);
const bool = (key: string, text: string | undefined): boolean => {
  if (text === undefined || TRUE.has(text.toLowerCase())) return true;
  if (['0', 'false', 'f'].includes(text.toLowerCase())) return false;
  throw invalidParameter('bad-mount', `invalid value for ${key}: ${text}`);
};

type Setter = (mount: Mount, value: string | undefined, key: string) => void;

const text = (value: string | undefined, key: string): string => {
  if (value === undefined) throw invalidParameter('bad-mount', `invalid field '${key}' must be a key=value pair`);
  return value;
};

/** Every key of `--mount`, and what it does to the request. */
const KEYS: Record<string, Setter> = {
  type: (mount, value, key) => (mount.Type = text(value, key).toLowerCase() as Mount['Type']),
  source: (mount, value, key) => (mount.Source = text(value, key)),
  target: (mount, value, key) => (mount.Target = text(value, key)),
  readonly: (mount, value, key) => (mount.ReadOnly = bool(key, value)),
  consistency: (mount, value, key) => (mount.Consistency = text(value, key).toLowerCase()),
  'bind-propagation': (mount, value, key) =>
    (mount.BindOptions = {
      ...mount.BindOptions,
      Propagation: text(value, key).toLowerCase() as NonNullable<NonNullable<Mount['BindOptions']>['Propagation']>,
    }),
  'bind-nonrecursive': (mount, value, key) =>
    (mount.BindOptions = { ...mount.BindOptions, NonRecursive: bool(key, value) }),
  'bind-create-src': (mount, value, key) =>
    (mount.BindOptions = { ...mount.BindOptions, CreateMountpoint: bool(key, value) }),
  'volume-subpath': (mount, value, key) =>
    (mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: text(value, key) }),
  'volume-nocopy': (mount, value, key) => (mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: bool(key, value) }),
  'volume-label': (mount, value, key) => {
    const [name = '', ...rest] = text(value, key).split('=');
    mount.VolumeOptions = {
      ...mount.VolumeOptions,
      Labels: { ...mount.VolumeOptions?.Labels, [name]: rest.join('=') },
    };
  },
  'volume-driver': (mount, value, key) =>
    (mount.VolumeOptions = {
      ...mount.VolumeOptions,
      DriverConfig: { ...mount.VolumeOptions?.DriverConfig, Name: text(value, key) },
    }),
  'volume-opt': (mount, value, key) => {
    const [name = '', ...rest] = text(value, key).split('=');
    const driver = mount.VolumeOptions?.DriverConfig;
    mount.VolumeOptions = {
      ...mount.VolumeOptions,
      DriverConfig: { ...driver, Options: { ...driver?.Options, [name]: rest.join('=') } },
    };
  },
  'tmpfs-size': (mount, value, key) => {
    const size = parseBytes(text(value, key));
    if (size === undefined) throw invalidParameter('bad-mount', `invalid value for ${key}: ${value}`);
    mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: size };
  },
  'tmpfs-mode': (mount, value, key) => {
    if (!/^[0-7]+$/.test(text(value, key))) throw invalidParameter('bad-mount', `invalid value for ${key}: ${value}`);
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(text(value, key), 8) };
  },
};
const ALIASES: Record<string, string> = { src: 'source', dst: 'target', destination: 'target', ro: 'readonly' };

/** One `--mount type=…,source=…,target=…` (comma-separated, a field with commas in double quotes). */
export function parseMount(spec: string): Mount {
  const mount: Mount = { Type: 'volume' };
  for (const [, quoted, plain] of spec.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    const field = quoted?.replaceAll('""', '"') ?? plain ?? '';
    const equals = field.indexOf('=');
    const name = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const key = ALIASES[name] ?? name;
    const set = Object.hasOwn(KEYS, key) ? KEYS[key] : undefined;
    if (set === undefined) {
      const isPair = equals >= 0 || name === '';
      throw invalidParameter(
        'bad-mount',
        isPair
          ? `invalid argument "${spec}" for "--mount" flag: unknown option '${name}' in '${field}'`
          : `invalid argument "${spec}" for "--mount" flag: invalid field '${field}' must be a key=value pair`,
      );
    }
    set(mount, equals < 0 ? undefined : field.slice(equals + 1), name);
  }
  if (!mount.Target)
    throw invalidParameter('bad-mount', `invalid argument "${spec}" for "--mount" flag: target is required`);
  return mount;
}

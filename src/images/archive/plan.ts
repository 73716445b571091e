import { invalidParameter } from '../../errors/index.ts';
import type { Descriptor, ImageConfigFile, Reference } from '../../oci/index.ts';
import { parseConfigFile } from '../config-file.ts';

export const MAX_JSON_BYTES = 20 << 20;
export const MAX_MANIFEST_BYTES = 4 << 20;
export const MAX_IMAGES = 1000;

/** One image of an archive, as its documents say; nothing is unpacked yet. */
export interface PlannedImage {
  configBytes: Buffer;
  config: ImageConfigFile;
  /** Names of members of the archive, bottom first, one for each diff id. */
  layers: string[];
  names: Reference[];
  target?: Descriptor;
}

export function planImage(
  configBytes: Buffer,
  layers: string[],
  names: Reference[],
  target?: Descriptor,
): PlannedImage {
  const { config } = parseConfigFile(configBytes);
  const expected = config.rootfs.diff_ids.length;
  if (expected !== layers.length) {
    const message = `invalid manifest, layers length mismatch: expected ${expected}, got ${layers.length}`;
    throw invalidParameter('layers-mismatch', message);
  }
  return { configBytes, config, layers, names, ...(target === undefined ? {} : { target }) };
}

export const badArchive = (why: string): Error => invalidParameter('invalid-archive', `invalid archive: ${why}`);

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

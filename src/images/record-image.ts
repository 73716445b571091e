import { invalidParameter } from '../errors/index.ts';
import { type Descriptor, type Digest, digestOf } from '../oci/index.ts';
import { parseConfigFile } from './config-file.ts';
import type { Image, ImageLayer } from './contract.ts';
import type { ImageRecord } from './record.ts';
import type { Room } from './room.ts';

export interface NewImage {
  configBytes: Uint8Array;
  layers: ImageLayer[];
  parent?: Digest;
  target?: Descriptor;
}

/** The row of an image whose layers are committed and synced. An image that is here already stays as it is. Call it under the lock. */
export async function recordImage({ table }: Room, image: NewImage): Promise<Image> {
  const { config, text } = parseConfigFile(image.configBytes);
  const id = digestOf(image.configBytes);
  const known = table.find(id);
  if (known !== undefined) return known.image;
  const wanted = config.rootfs.diff_ids;
  if (wanted.length !== image.layers.length || wanted.some((diffId, i) => image.layers[i]?.diffId !== diffId))
    throw invalidParameter('layers-mismatch', 'invalid image: the layers are not those of its config');
  const record: ImageRecord = { config: text, layers: image.layers };
  if (image.target !== undefined) record.target = image.target;
  if (image.parent !== undefined) record.parent = image.parent;
  return await table.put(id, record);
}

import type { Descriptor, Digest } from '../oci/index.ts';
import type { Change } from '../store/index.ts';
import type { ImageLayer } from './contract.ts';

/**
 * On disk, in the metadata:
 *
 *     bucket `images`            image id → ImageRecord
 *     bucket `image-names`       docker.io/library/busybox:latest → NameRecord
 *     bucket `image-leftovers`   `snapshot:<key>` or `blob:<digest>` → {}: made or given up by work in progress; whatever
 *                                no image refers to is removed, now or at the next start
 */
export interface ImageRecord {
  /** The exact text; its digest is the image's id. */
  config: string;
  layers: ImageLayer[];
  target?: Descriptor;
  parent?: Digest;
  lastTagMs?: number;
}

export interface NameRecord {
  id: Digest;
}

export const IMAGES = 'images';
export const NAMES = 'image-names';
export const LEFTOVERS = 'image-leftovers';

export const putImage = (id: Digest, record: ImageRecord): Change => ({ bucket: IMAGES, key: id, put: record });
export const deleteImage = (id: Digest): Change => ({ bucket: IMAGES, key: id, delete: true });
export const putName = (name: string, id: Digest): Change => ({ bucket: NAMES, key: name, put: { id } });
export const deleteName = (name: string): Change => ({ bucket: NAMES, key: name, delete: true });

import type { ContainerSummary, ImageInspect, ImageSummary } from '../api/index.ts';
import { isBefore } from '../api/index.ts';

/** What answers look like to clients of older API versions; the rooms speak the newest. */

export function containerListShape(list: ContainerSummary[], version: string): ContainerSummary[] {
  if (!isBefore(version, '1.48')) return list;
  return list.map(({ ImageManifestDescriptor: _, ...summary }) => summary);
}

export function imageListShape(list: ImageSummary[], version: string): unknown[] {
  return isBefore(version, '1.44') ? list.map((image) => ({ ...image, VirtualSize: image.Size })) : list;
}

/** Fields of a container's config that images carried before 1.50, always empty by then. */
const IMAGE_CONFIG_BEFORE_1_50 = {
  Hostname: '',
  Domainname: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
};

export function imageShape(image: ImageInspect, version: string): unknown {
  let shaped: Record<string, unknown> = { ...image };
  if (isBefore(version, '1.50')) shaped.Config = { ...IMAGE_CONFIG_BEFORE_1_50, ...image.Config };
  if (isBefore(version, '1.44')) shaped = { ...shaped, VirtualSize: image.Size };
  return shaped;
}

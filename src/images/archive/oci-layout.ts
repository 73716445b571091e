import {
  type Descriptor,
  digestHex,
  isDigest,
  mediaType,
  type Platform,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../../oci/index.ts';
import type { ArchiveFiles } from './archive-files.ts';
import {
  badArchive,
  isRecord,
  MAX_IMAGES,
  MAX_JSON_BYTES,
  MAX_MANIFEST_BYTES,
  type PlannedImage,
  planImage,
} from './plan.ts';

const MAX_DEPTH = 4;
const INDEXES: readonly string[] = [mediaType.ociIndex, mediaType.dockerIndex];
const MANIFESTS: readonly string[] = [mediaType.ociManifest, mediaType.dockerManifest];
const NAME = 'io.containerd.image.name';
const REF_NAME = 'org.opencontainers.image.ref.name';

/**
 * The images that an OCI layout's `index.json` lists, one for each manifest and, of an image index, the one for this
 * machine. Equal manifests under several names are one image.
 */
export async function planOciLayout(files: ArchiveFiles, host: Platform): Promise<PlannedImage[]> {
  const top = descriptorsOf(await readDocument(files, 'index.json', undefined), 'manifests');
  const images = new Map<string, PlannedImage>();
  for (const descriptor of top) {
    if (isAttestation(descriptor)) continue;
    const found = await findManifest(files, descriptor, host, 0);
    if (found === undefined) continue;
    const name = nameOf(descriptor);
    const known = images.get(found.descriptor.digest);
    if (known !== undefined) {
      if (name !== undefined) known.names.push(name);
      continue;
    }
    const names = name === undefined ? [] : [name];
    images.set(found.descriptor.digest, await planManifest(files, found.descriptor, found.document, names));
  }
  if (images.size === 0) throw badArchive('index.json lists no image for this platform');
  return [...images.values()];
}

async function planManifest(
  files: ArchiveFiles,
  descriptor: Descriptor,
  document: Record<string, unknown>,
  names: Reference[],
): Promise<PlannedImage> {
  const config = parseDescriptor(document['config']);
  const layers = descriptorsOf(document, 'layers');
  for (const layer of layers) await checkSize(files, layer);
  const target = { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size };
  const bytes = await files.readBytes(blobName(config), MAX_JSON_BYTES);
  if (bytes.length !== config.size) throw badArchive(`blob ${config.digest} has not the size that its manifest says`);
  return planImage(bytes, layers.map(blobName), names, target);
}

async function findManifest(
  files: ArchiveFiles,
  descriptor: Descriptor,
  host: Platform,
  depth: number,
): Promise<{ descriptor: Descriptor; document: Record<string, unknown> } | undefined> {
  if (depth > MAX_DEPTH) throw badArchive('its indexes are nested too deeply');
  const document = await readDocument(files, blobName(descriptor), descriptor);
  if (MANIFESTS.includes(descriptor.mediaType)) return { descriptor, document };
  const children = descriptorsOf(document, 'manifests').filter((child) => !isAttestation(child));
  const present = children.filter((child) => files.has(blobName(child)));
  const fitting = present.find(({ platform }) => platform === undefined || isFitting(platform, host)) ?? present[0];
  return fitting === undefined ? undefined : await findManifest(files, fitting, host, depth + 1);
}

/** A manifest or index that is one thing only, and what its descriptor says that it is (CVE-2021-41190). */
async function readDocument(
  files: ArchiveFiles,
  name: string,
  descriptor: Descriptor | undefined,
): Promise<Record<string, unknown>> {
  if (descriptor !== undefined) {
    if (!INDEXES.includes(descriptor.mediaType) && !MANIFESTS.includes(descriptor.mediaType))
      throw badArchive(`media type ${JSON.stringify(descriptor.mediaType.slice(0, 200))} is not supported`);
    await checkSize(files, descriptor);
  }
  const document = await files.readJson(name, MAX_MANIFEST_BYTES);
  if (!isRecord(document)) throw badArchive(`${name} is not an object`);
  const isIndex = descriptor === undefined || INDEXES.includes(descriptor.mediaType);
  if (isIndex ? 'layers' in document || 'config' in document : 'manifests' in document)
    throw badArchive(`${name} is a manifest and an index at once`);
  const stated = document['mediaType'];
  if (descriptor !== undefined && stated !== undefined && stated !== descriptor.mediaType)
    throw badArchive(`${name} states another media type than its descriptor`);
  return document;
}

async function checkSize(files: ArchiveFiles, descriptor: Descriptor): Promise<void> {
  const { sizeBytes } = await files.blobOf(blobName(descriptor));
  if (sizeBytes !== descriptor.size)
    throw badArchive(`blob ${descriptor.digest} has ${sizeBytes} bytes, not ${descriptor.size}`);
}

function descriptorsOf(document: Record<string, unknown>, key: 'layers' | 'manifests'): Descriptor[] {
  const list = document[key];
  if (!Array.isArray(list)) throw badArchive(`it has no list of ${key}`);
  if (list.length > MAX_IMAGES) throw badArchive(`it has more than ${MAX_IMAGES} ${key}`);
  return list.map(parseDescriptor);
}

function parseDescriptor(value: unknown): Descriptor {
  if (!isRecord(value)) throw badArchive('a descriptor is not an object');
  const { digest, size, platform, annotations } = value;
  const type = value['mediaType'];
  if (typeof digest !== 'string' || !isDigest(digest)) throw badArchive('a descriptor has no sha256 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0)
    throw badArchive(`the descriptor of ${digest} has no size`);
  if (typeof type !== 'string') throw badArchive(`the descriptor of ${digest} has no media type`);
  const descriptor: Descriptor = { mediaType: type, digest, size };
  if (isRecord(platform) && typeof platform['os'] === 'string' && typeof platform['architecture'] === 'string')
    descriptor.platform = { os: platform['os'], architecture: platform['architecture'] };
  if (isRecord(annotations))
    descriptor.annotations = Object.fromEntries(
      Object.entries(annotations).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
    );
  return descriptor;
}

const blobName = ({ digest }: Descriptor): string => `blobs/sha256/${digestHex(digest)}`;

const isFitting = (platform: Platform, host: Platform): boolean =>
  platform.os === host.os && platform.architecture === host.architecture;

const isAttestation = ({ annotations, platform }: Descriptor): boolean =>
  annotations?.['vnd.docker.reference.type'] === 'attestation-manifest' || platform?.os === 'unknown';

/** `io.containerd.image.name`, or a ref name that is more than a tag. */
function nameOf({ annotations }: Descriptor): Reference | undefined {
  const refName = annotations?.[REF_NAME];
  const text = annotations?.[NAME] ?? (refName !== undefined && /[:/]/.test(refName) ? refName : undefined);
  if (text === undefined) return undefined;
  const reference = parseReference(text);
  return reference.digest === undefined ? withDefaultTag(reference) : undefined;
}

import { invalidParameter } from '../../errors/index.ts';
import { parseReference, type Reference } from '../../oci/index.ts';
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

/** The images that a docker archive's `manifest.json` lists. */
export async function planDockerArchive(files: ArchiveFiles): Promise<PlannedImage[]> {
  const manifest = await files.readJson('manifest.json', MAX_MANIFEST_BYTES);
  if (!Array.isArray(manifest)) throw badArchive('manifest.json is not a list');
  if (manifest.length > MAX_IMAGES) throw badArchive(`it has ${manifest.length} images, more than ${MAX_IMAGES}`);
  const images: PlannedImage[] = [];
  for (const item of manifest) {
    if (!isRecord(item) || typeof item['Config'] !== 'string') throw badArchive('manifest.json names no config');
    const layers = texts(item['Layers'], 'Layers');
    const names = texts(item['RepoTags'], 'RepoTags').map(parseTag);
    images.push(planImage(await files.readBytes(item['Config'], MAX_JSON_BYTES), layers, names));
  }
  return images;
}

function texts(value: unknown, key: string): string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw badArchive(`${key} in manifest.json is not a list of strings`);
  return value;
}

function parseTag(text: string): Reference {
  const reference = parseReference(text);
  if (reference.tag === undefined || reference.digest !== undefined)
    throw invalidParameter('invalid-tag', `invalid tag ${JSON.stringify(text)}`);
  return reference;
}

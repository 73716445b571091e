import { invalidParameter } from '../errors/index.ts';
import {
  formatFamiliar,
  formatReference,
  isTag,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/index.ts';
import type { Image } from './contract.ts';
import { getImage } from './find-image.ts';
import { publishImage } from './image-event.ts';
import type { Room } from './room.ts';

/** The name that `repo` and `tag` ask for; undefined without a repo. @throws invalid-parameter with Docker's texts */
export function parseRepoTag(repository: string, tag: string): Reference | undefined {
  if (repository === '') return undefined;
  const reference = parseReference(repository);
  if (reference.digest !== undefined) throw invalidParameter('digest-as-name', 'cannot import digest reference');
  if (reference.domain === 'docker.io' && reference.path === 'library/sha256') {
    const why = 'refusing to create an ambiguous tag using digest algorithm as name';
    throw invalidParameter('ambiguous-name', why);
  }
  if (tag === '') return withDefaultTag(reference);
  if (!isTag(tag)) throw invalidParameter('invalid-tag', 'invalid tag format');
  return { ...reference, tag };
}

/** An empty repository changes nothing, as in Docker. */
export async function tagImage(room: Room, nameOrId: string, repository: string, tag: string): Promise<void> {
  const reference = parseRepoTag(repository, tag);
  await room.lock.run('table', async () => {
    const { image } = getImage(room.table, nameOrId);
    if (reference !== undefined) await giveName(room, image, reference);
  });
}

/** Call it under the lock. Another image that had the name loses it. */
export async function giveName(room: Room, image: Image, reference: Reference): Promise<void> {
  await room.table.putNames(image.id, [formatReference(reference)], room.needs.now());
  publishImage(room.needs, 'tag', image, formatFamiliar(reference));
}

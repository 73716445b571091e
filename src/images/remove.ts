import type { ImageDeleteResponseItem } from '../api/index.ts';
import { conflict, type EngineError, notFound } from '../errors/index.ts';
import {
  type Digest,
  digestHex,
  formatFamiliar,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../oci/index.ts';
import { getImage } from './find-image.ts';
import { publishImage } from './image-event.ts';
import { type Entry, repositoryOf } from './image-table.ts';
import type { ImageNeeds } from './needs.ts';
import type { Room } from './room.ts';

export interface RemoveOptions {
  force: boolean;
  noPrune: boolean;
}

/** Why an image cannot go: hard reasons stand against `force` too. */
interface Obstacle {
  isHard: boolean;
  isUse: boolean;
  why: string;
}

type Kind = 'children' | 'running' | 'names' | 'stopped';
const HARD: readonly Kind[] = ['children', 'running'];
const ALL: readonly Kind[] = [...HARD, 'names', 'stopped'];

const short = (id: string): string => id.replace(/^sha256:/, '').slice(0, 12);

/**
 * Docker's rules: a name is taken away, and with the last one the image goes; an id removes the image when all its names
 * are in one repository. Unnamed parents that nothing else needs go too.
 */
export async function removeImage(
  room: Room,
  text: string,
  options: RemoveOptions,
): Promise<ImageDeleteResponseItem[]> {
  const { table, needs } = room;
  const entry = getImage(table, text);
  const { id } = entry.image;
  const names = table.namesOf(id);
  const items: ImageDeleteResponseItem[] = [];
  let lostItsName = false;
  if (!isIdPrefix(id, text)) {
    const name = formatReference(withDefaultTag(parseReference(text)));
    if (!names.includes(name))
      throw notFound('no-such-image', `No such image: ${formatFamiliar(parseReference(text))}`);
    if (!options.force && isOneRepository(names)) refuseLastNameInUse(needs, id, text);
    await untag(room, entry, [name], items);
    const left = table.namesOf(id);
    const digestsOnly = left.filter((other) => parseReference(other).digest !== undefined);
    if (left.length > 0 && digestsOnly.length === left.length && isOneRepository([name, ...left]))
      await untag(room, entry, left, items);
    if (table.namesOf(id).length > 0) return items;
    lostItsName = true;
  } else if (isOneRepository(names)) {
    const kinds = options.force ? HARD : ALL.filter((kind) => kind !== 'names');
    const obstacle = findObstacle(room, id, kinds);
    if (obstacle !== undefined) throw refusal(id, obstacle);
    await untag(room, entry, names, items);
  }
  await removeChain(room, entry, { isForced: options.force, isQuiet: lostItsName, isPruned: !options.noPrune }, items);
  return items;
}

/** The image, then each parent that has become useless. */
async function removeChain(
  room: Room,
  first: Entry,
  how: { isForced: boolean; isQuiet: boolean; isPruned: boolean },
  items: ImageDeleteResponseItem[],
): Promise<void> {
  let { isForced, isQuiet } = how;
  for (let entry: Entry | undefined = first; entry !== undefined; ) {
    const { id } = entry.image;
    const obstacle = findObstacle(room, id, isForced ? HARD : ALL);
    if (obstacle !== undefined) {
      const isDangling = room.table.namesOf(id).length === 0 && room.table.childrenOf(id).length === 0;
      if (isQuiet && (!isDangling || obstacle.isUse)) return;
      throw refusal(id, obstacle);
    }
    const parent: Digest | undefined = entry.image.parent;
    await untag(room, entry, room.table.namesOf(id), items);
    await deleteImage(room, entry, items);
    if (!how.isPruned || parent === undefined) return;
    entry = room.table.find(parent);
    isForced = false;
    isQuiet = true;
  }
}

async function untag(room: Room, entry: Entry, names: string[], items: ImageDeleteResponseItem[]): Promise<void> {
  if (names.length === 0) return;
  await room.table.deleteNames(names);
  for (const name of names) {
    items.push({ Untagged: formatFamiliar(parseReference(name)) });
    publishImage(room.needs, 'untag', entry.image);
  }
}

/** The record goes with a note of what was only its own; then that goes, top layer first. */
async function deleteImage(room: Room, entry: Entry, items: ImageDeleteResponseItem[]): Promise<void> {
  const { table, leftovers, needs } = room;
  const { id, layers, target } = entry.image;
  const own = [
    ...layers.toReversed().map(({ snapshot }) => ({ kind: 'snapshot' as const, key: snapshot })),
    ...layers.flatMap(({ blob }) => (blob === undefined ? [] : [{ kind: 'blob' as const, key: blob.digest }])),
    ...(target === undefined ? [] : [{ kind: 'blob' as const, key: target.digest }]),
  ];
  await table.delete(id, leftovers.rowsOf(own));
  leftovers.remember(own);
  publishImage(needs, 'delete', entry.image);
  items.push({ Deleted: id });
  const removed = await leftovers.sweep();
  for (const { snapshot } of layers.toReversed())
    if (removed.has(`snapshot:${snapshot}`)) items.push({ Deleted: snapshot });
}

function findObstacle({ table, needs }: Room, id: Digest, kinds: readonly Kind[]): Obstacle | undefined {
  const containers = needs.containersUsing(id);
  const running = containers.find(({ isRunning }) => isRunning);
  const stopped = containers.find(({ isRunning }) => !isRunning);
  for (const kind of kinds) {
    if (kind === 'children' && table.childrenOf(id).length > 0)
      return { isHard: true, isUse: false, why: 'image has dependent child images' };
    if (kind === 'running' && running !== undefined)
      return { isHard: true, isUse: true, why: `image is being used by running container ${short(running.id)}` };
    if (kind === 'names' && table.namesOf(id).length > 0)
      return { isHard: false, isUse: false, why: 'image is referenced in multiple repositories' };
    if (kind === 'stopped' && stopped !== undefined)
      return { isHard: false, isUse: true, why: `image is being used by stopped container ${short(stopped.id)}` };
  }
  return undefined;
}

function refusal(id: Digest, { isHard, why }: Obstacle): EngineError {
  const forced = isHard ? 'cannot be forced' : 'must be forced';
  return conflict('image-in-use', `conflict: unable to delete ${short(id)} (${forced}) - ${why}`, { detail: { id } });
}

function refuseLastNameInUse(needs: ImageNeeds, id: Digest, name: string): void {
  const [container] = needs.containersUsing(id);
  if (container === undefined) return;
  const message =
    `conflict: unable to remove repository reference "${name}" (must force) - container ${short(container.id)} ` +
    `is using its referenced image ${short(id)}`;
  throw conflict('image-in-use', message, { detail: { id, container: container.id } });
}

const isIdPrefix = (id: Digest, text: string): boolean => id.startsWith(text) || digestHex(id).startsWith(text);

/** One name, or one tag and the digests of the same repository. */
function isOneRepository(names: readonly string[]): boolean {
  if (names.length <= 1) return names.length === 1;
  const tags = names.filter((name) => parseReference(name).digest === undefined);
  return tags.length <= 1 && new Set(names.map(repositoryOf)).size === 1;
}

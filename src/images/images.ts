import { KeyedMutex } from '../lib/index.ts';
import { formatFamiliar, parseReference } from '../oci/index.ts';
import { openArchiveFolder } from './archive/archive-files.ts';
import { loadArchive } from './archive/load.ts';
import { saveArchive } from './archive/save.ts';
import type { Images } from './contract.ts';
import { findImage, getImage } from './find-image.ts';
import { ImageTable } from './image-table.ts';
import { importImage } from './import.ts';
import { imageHistory, inspectImage } from './inspect.ts';
import { Leftovers } from './leftovers.ts';
import { listImages } from './list.ts';
import type { ImageNeeds } from './needs.ts';
import { pruneImages } from './prune.ts';
import { recordImage } from './record-image.ts';
import { removeImage } from './remove.ts';
import type { Room } from './room.ts';
import { tagImage } from './tag.ts';

/** Loads what is on disk and removes what an earlier life left half done. */
export async function createImages(needs: ImageNeeds): Promise<Images> {
  if (needs.tempDir !== undefined) await openArchiveFolder(needs.tempDir);
  const table = await ImageTable.load(needs.metadata);
  const leftovers = await Leftovers.load(needs, table);
  const room: Room = { table, leftovers, needs, lock: new KeyedMutex() };
  return {
    get: (nameOrId) => getImage(table, nameOrId).image,
    find: (nameOrId) => findImage(table, nameOrId)?.image,
    names: (id) => table.namesOf(id).map((name) => formatFamiliar(parseReference(name))),
    all: () => table.entries().map(({ image }) => image),
    add: (image) => room.lock.run('table', () => recordImage(room, image)),
    tag: (nameOrId, repository, tag) => tagImage(room, nameOrId, repository, tag),
    list: async (options) => listImages(table, needs, options),
    inspect: async (nameOrId) => await inspectImage(table, needs.snapshots, getImage(table, nameOrId)),
    history: async (nameOrId) => imageHistory(table, getImage(table, nameOrId)),
    remove: (nameOrId, options) => room.lock.run('table', () => removeImage(room, nameOrId, options)),
    prune: (filters) => room.lock.run('table', () => pruneImages(room, filters)),
    import: (request, _progress, signal) => importImage(room, request, signal),
    load: (source, options, progress, signal) => loadArchive(room, source, options, progress, signal),
    save: (names, signal) => saveArchive(room, names, signal),
  };
}

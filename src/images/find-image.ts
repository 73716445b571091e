import { conflict, notFound } from '../errors/index.ts';
import {
  formatFamiliar,
  formatReference,
  isDigest,
  parseReference,
  type Reference,
  withDefaultTag,
} from '../oci/index.ts';
import type { Entry, ImageTable } from './image-table.ts';

const HEX_64 = /^[0-9a-f]{64}$/;

/**
 * What a user's word stands for: an id, a name (`latest` when it says no tag), a name with a digest, or the beginning of an
 * id, in this order as in Docker. @throws invalid-parameter for what is no reference, conflict for an ambiguous prefix
 */
export function findImage(table: ImageTable, text: string): Entry | undefined {
  const id = HEX_64.test(text) ? `sha256:${text}` : text;
  if (isDigest(id)) return table.find(id);
  const reference = parseReference(text);
  const named = findNamed(table, reference);
  if (named !== undefined) return named;
  const [first, ...more] = table.search(text);
  if (more.length > 0)
    throw conflict('ambiguous-image-id', `multiple IDs found with provided prefix: ${text}`, {
      detail: { ids: [first, ...more] },
    });
  return first === undefined ? undefined : table.find(first);
}

function findNamed(table: ImageTable, reference: Reference): Entry | undefined {
  const id = table.idOf(formatReference(withDefaultTag(reference)));
  if (id !== undefined) return table.find(id);
  if (reference.digest === undefined) return undefined;
  const { tag: _, ...withoutTag } = reference;
  const byDigest = table.idOf(formatReference(withoutTag));
  if (byDigest !== undefined) return table.find(byDigest);
  // name@id of an image that has this name.
  const entry = table.find(reference.digest);
  const repository = `${reference.domain}/${reference.path}`;
  return entry !== undefined && table.namesIn(repository).some((name) => table.idOf(name) === entry.image.id)
    ? entry
    : undefined;
}

/** @throws not-found `no-such-image` with Docker's text */
export function getImage(table: ImageTable, text: string): Entry {
  const entry = findImage(table, text);
  if (entry !== undefined) return entry;
  const isId = isDigest(text) || HEX_64.test(text);
  const shown = isId
    ? isDigest(text)
      ? text
      : `sha256:${text}`
    : formatFamiliar(withDefaultTag(parseReference(text)));
  throw notFound('no-such-image', `No such image: ${shown}`, { detail: { image: text } });
}

import type { EventMessage } from '../api/index.ts';

/** The fields of the first event format: `status`, `id`, `from`. Clients below API 1.52 get them beside the others. */
export interface LegacyFields {
  status?: string;
  id?: string;
  from?: string;
}

/** Containers have all three, images the first two, everything else none. */
export function legacyFields(event: EventMessage): LegacyFields {
  if (event.Type !== 'container' && event.Type !== 'image') return {};
  const fields: LegacyFields = {};
  if (event.Action !== undefined) fields.status = event.Action;
  if (event.Actor?.ID !== undefined) fields.id = event.Actor.ID;
  const image = event.Type === 'container' ? event.Actor?.Attributes?.image : undefined;
  if (image !== undefined) fields.from = image;
  return fields;
}

import type { ImageSummary } from '../api/index.ts';
import { formatFamiliar, parseReference } from '../oci/index.ts';
import { createdNs, createdSeconds, labelsOf } from './config-file.ts';
import type { Image } from './contract.ts';
import { booleanOf, checkKeys, type Filters, labelFilter, referenceFilter, untilNs, valuesOf } from './filters.ts';
import { getImage } from './find-image.ts';
import type { ImageTable } from './image-table.ts';
import type { ImageNeeds } from './needs.ts';

const KEYS = ['dangling', 'label', 'label!', 'before', 'since', 'reference', 'until'];

export interface ListOptions {
  all: boolean;
  filters: Filters;
  sharedSize: boolean;
}

/** Newest first. Images without a name that others are built on show with `all` only. */
export function listImages(
  table: ImageTable,
  needs: Pick<ImageNeeds, 'containersUsing' | 'now'>,
  options: ListOptions,
): ImageSummary[] {
  const { filters } = options;
  checkKeys(filters, KEYS);
  const dangling = booleanOf(filters, 'dangling');
  const isInTime = timeFilter(table, filters, needs.now());
  const matchesLabels = labelFilter(filters);
  const patterns = valuesOf(filters, 'reference');
  const matchesName = referenceFilter(patterns);
  const shown: { image: Image; summary: ImageSummary }[] = [];
  for (const { image } of table.entries()) {
    if (!isInTime(image) || !matchesLabels(labelsOf(image.config))) continue;
    const hasChildren = table.childrenOf(image.id).length > 0;
    if (dangling === true && hasChildren) continue;
    const names = table.namesOf(image.id).filter((name) => patterns.length === 0 || matchesName(name));
    const { tags, digests } = splitNames(names);
    if (names.length === 0) {
      if ((hasChildren && !options.all) || dangling === false || patterns.length > 0) continue;
    } else if (dangling === true && tags.length > 0) continue;
    const containers = needs.containersUsing(image.id).length;
    shown.push({ image, summary: toSummary(image, tags, digests, containers) });
  }
  if (options.sharedSize) fillSharedSizes(shown);
  shown.sort((a, b) => compareNewest(a.image, b.image));
  return shown.map(({ summary }) => summary);
}

function timeFilter(table: ImageTable, filters: Filters, nowMs: number): (image: Image) => boolean {
  const timeOf = (key: string): (bigint | undefined)[] =>
    valuesOf(filters, key).map((name) => createdNs(getImage(table, name).image.config));
  const before = timeOf('before');
  const since = timeOf('since');
  const until = untilNs(filters, nowMs);
  return ({ config }) => {
    const created = createdNs(config) ?? 0n;
    return (
      before.every((time) => time !== undefined && created < time) &&
      since.every((time) => time === undefined || created > time) &&
      (until === undefined || created <= until)
    );
  };
}

/** Familiar tags and digests of whole names. */
export function splitNames(names: readonly string[]): { tags: string[]; digests: string[] } {
  const tags: string[] = [];
  const digests: string[] = [];
  for (const name of names) {
    const reference = parseReference(name);
    (reference.digest === undefined ? tags : digests).push(formatFamiliar(reference));
  }
  return { tags, digests };
}

function toSummary(image: Image, tags: string[], digests: string[], containers: number): ImageSummary {
  return {
    Containers: containers,
    Created: createdSeconds(image.config),
    Id: image.id,
    Labels: labelsOf(image.config),
    ParentId: image.parent ?? '',
    RepoDigests: digests,
    RepoTags: tags,
    SharedSize: -1,
    Size: image.sizeBytes,
  };
}

/** Bytes in layers that another image of the list has too. */
function fillSharedSizes(shown: readonly { image: Image; summary: ImageSummary }[]): void {
  const uses = new Map<string, number>();
  for (const { image } of shown)
    for (const { snapshot } of image.layers) uses.set(snapshot, (uses.get(snapshot) ?? 0) + 1);
  for (const { image, summary } of shown)
    summary.SharedSize = image.layers
      .filter(({ snapshot }) => (uses.get(snapshot) ?? 0) > 1)
      .reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function compareNewest(a: Image, b: Image): number {
  const [left, right] = [createdNs(a.config) ?? 0n, createdNs(b.config) ?? 0n];
  if (left !== right) return left > right ? -1 : 1;
  return a.id < b.id ? -1 : 1;
}

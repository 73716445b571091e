import path from 'node:path';
import type { DriverData, ImageConfig, ImageHistoryResponseItem, ImageInspect } from '../api/index.ts';
import { systemError } from '../errors/index.ts';
import type { ImageRunConfig } from '../oci/index.ts';
import type { Snapshots } from '../store/index.ts';
import { createdSeconds } from './config-file.ts';
import type { Image } from './contract.ts';
import type { Entry, ImageTable } from './image-table.ts';
import { splitNames } from './list.ts';

const NEVER = '0001-01-01T00:00:00Z';

export async function inspectImage(table: ImageTable, snapshots: Snapshots, entry: Entry): Promise<ImageInspect> {
  const { image, record } = entry;
  const { config } = image;
  const { tags, digests } = splitNames(table.namesOf(image.id));
  const lastTag = record.lastTagMs === undefined ? NEVER : new Date(record.lastTagMs).toISOString();
  const inspect: ImageInspect = {
    Id: image.id,
    RepoTags: tags,
    RepoDigests: digests,
    Parent: image.parent ?? '',
    Comment: config.history?.at(-1)?.comment ?? textOf(config['comment']),
    Created: config.created ?? '',
    DockerVersion: textOf(config['docker_version']),
    Author: config.author ?? '',
    Architecture: config.architecture,
    Os: config.os,
    Size: image.sizeBytes,
    GraphDriver: await graphDriver(snapshots, image),
    RootFS: { Type: 'layers', Layers: image.layers.map(({ diffId }) => diffId) },
    Metadata: { LastTagTime: lastTag },
    Config: toApiConfig(config.config ?? {}),
  };
  if (config.variant !== undefined && config.variant !== '') inspect.Variant = config.variant;
  const osVersion = textOf(config['os.version']);
  if (osVersion !== '') inspect.OsVersion = osVersion;
  return inspect;
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** The fields that API 1.51 always has, and those that it has only when they say something. */
function toApiConfig(config: ImageRunConfig): ImageConfig {
  const api: ImageConfig = {
    Cmd: config.Cmd ?? null,
    Entrypoint: config.Entrypoint ?? null,
    Env: config.Env ?? null,
    Labels: config.Labels ?? null,
    OnBuild: config.OnBuild ?? null,
    User: config.User ?? '',
    Volumes: config.Volumes ?? null,
    WorkingDir: config.WorkingDir ?? '',
  };
  if (config.ExposedPorts && Object.keys(config.ExposedPorts).length > 0) api.ExposedPorts = config.ExposedPorts;
  if (config.Healthcheck) api.Healthcheck = config.Healthcheck;
  if (config.StopSignal) api.StopSignal = config.StopSignal;
  if (config.Shell && config.Shell.length > 0) api.Shell = config.Shell;
  if (config.ArgsEscaped) api.ArgsEscaped = true;
  return api;
}

/** The folders of the top layer, under the names that overlay2 has for them. */
async function graphDriver(snapshots: Snapshots, image: Image): Promise<DriverData> {
  const top = image.layers.at(-1);
  if (top === undefined) return { Data: null, Name: 'overlay2' };
  const [upper, ...lower] = await snapshots.chainDirs(top.snapshot);
  if (upper === undefined) return { Data: null, Name: 'overlay2' };
  const folder = path.dirname(upper);
  const data = { MergedDir: path.join(folder, 'merged'), UpperDir: upper, WorkDir: path.join(folder, 'work') };
  return { Data: lower.length === 0 ? data : { LowerDir: lower.join(':'), ...data }, Name: 'overlay2' };
}

/** Newest step first; ids and tags of the images that it was built from, as far as they are here. */
export function imageHistory(table: ImageTable, { image }: Entry): ImageHistoryResponseItem[] {
  let layer = 0;
  const items = (image.config.history ?? []).map((step): ImageHistoryResponseItem => {
    const isEmpty = step.empty_layer === true;
    const found = isEmpty ? undefined : image.layers[layer++];
    if (!isEmpty && found === undefined)
      throw systemError('bad-image-history', 'too many non-empty layers in History section');
    return {
      Comment: step.comment ?? '',
      Created: createdSeconds({ ...image.config, created: step.created ?? NEVER }),
      CreatedBy: step.created_by ?? '',
      Id: '<missing>',
      Size: found?.sizeBytes ?? 0,
      Tags: null,
    };
  });
  items.reverse();
  let ancestor: Image | undefined = image;
  for (const item of items) {
    if (ancestor === undefined) break;
    const { tags } = splitNames(table.namesOf(ancestor.id));
    item.Id = ancestor.id;
    item.Tags = tags.length === 0 ? null : tags;
    ancestor = ancestor.parent === undefined ? undefined : table.find(ancestor.parent)?.image;
  }
  return items;
}

import type { ContainerSummary } from '../../api/index.ts';
import { type Container, snapshotOf } from '../container.ts';
import type { Context } from '../context.ts';
import { parseTime } from '../time.ts';
import { commandText, endpointsOf, portsOf, toMountPoint, toPorts } from './describe.ts';
import { compileFilters, type Filters } from './filters.ts';
import { statusText } from './status-text.ts';

type Needs = Pick<Context, 'directory' | 'images' | 'networks' | 'snapshots' | 'now'>;

/** Newest first. Without `all`, `limit` or a status filter only those that run. */
export async function listContainers(
  needs: Needs,
  options: { all: boolean; limit: number; size: boolean; filters: Filters },
): Promise<ContainerSummary[]> {
  const { filters, limit } = options;
  const matches = compileFilters(filters, needs);
  const isEverything =
    options.all || limit > 0 || ['status', 'exited', 'before', 'since'].some((key) => (filters[key] ?? []).length > 0);
  const found = needs.directory
    .all()
    .filter(
      (container) =>
        (isEverything || container.isLive || container.record.state.status === 'restarting') && matches(container),
    )
    .sort((a, b) => parseTime(b.record.created) - parseTime(a.record.created));
  const shown = limit > 0 ? found.slice(0, limit) : found;
  return Promise.all(shown.map((container) => summaryOf(needs, container, options.size)));
}

async function summaryOf(needs: Needs, container: Container, withSize: boolean): Promise<ContainerSummary> {
  const { record, id } = container;
  const { config, hostConfig, state } = record;
  return {
    Id: id,
    Names: [`/${record.name}`],
    Image: imageText(needs, container),
    ImageID: record.imageId,
    Command: commandText(record.path, record.args),
    Created: Math.floor(parseTime(record.created) / 1000),
    Ports: toPorts(portsOf(container)),
    ...(withSize && (await sizesOf(needs, container))),
    Labels: config.Labels ?? {},
    State: state.status,
    Status: statusText(state, needs.now()),
    HostConfig: {
      NetworkMode: hostConfig.NetworkMode ?? '',
      ...(hostConfig.Annotations && { Annotations: hostConfig.Annotations }),
    },
    NetworkSettings: { Networks: endpointsOf(container) },
    Mounts: record.mounts.map(toMountPoint),
  };
}

/** What it was created from, as long as that name still means the same image; the id otherwise. */
function imageText({ images }: Needs, { record }: Container): string {
  const asked = record.config.Image ?? '';
  return images.find(asked)?.id === record.imageId ? asked : record.imageId;
}

export async function sizesOf(
  { snapshots, images }: Pick<Context, 'snapshots' | 'images'>,
  container: Container,
): Promise<{ SizeRw?: number; SizeRootFs: number }> {
  const { sizeBytes } = await snapshots.usage(snapshotOf(container.id));
  const base = images.find(container.record.imageId)?.sizeBytes ?? 0;
  return { ...(sizeBytes > 0 && { SizeRw: sizeBytes }), SizeRootFs: base + sizeBytes };
}

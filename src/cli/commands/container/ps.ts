import type { ContainerSummary, Port } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { formatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { formatList, type ListFormat } from '../../format/table.ts';
import { formatAge, formatSize, formatTimestamp } from '../../format/units.ts';

/** `text` cut to `length` characters with an ellipsis, unless nothing is to be cut. */
const cut = (text: string, length: number, isWhole: boolean): string =>
  isWhole || text.length <= length ? text : `${text.slice(0, length - 1)}…`;

/** Ports as docker shows them: neighbours joined to ranges, published ones with their address. */
export function formatPorts(ports: readonly Port[]): string {
  const sorted = [...ports].sort(
    (a, b) =>
      (a.PrivatePort ?? 0) - (b.PrivatePort ?? 0) ||
      (a.Type ?? '').localeCompare(b.Type ?? '') ||
      ((a.IP ?? '') < (b.IP ?? '') ? -1 : 1),
  );
  interface Group {
    ip: string;
    type: string;
    first: number;
    last: number;
    offset: number | undefined;
  }
  const groups: Group[] = [];
  const order = [...sorted].sort((a, b) => ((a.IP ?? '') === (b.IP ?? '') ? 0 : (a.IP ?? '') < (b.IP ?? '') ? -1 : 1));
  for (const { IP = '', PrivatePort = 0, PublicPort, Type = 'tcp' } of order) {
    const offset = PublicPort ? PublicPort - PrivatePort : undefined;
    const group = groups.find(
      (one) => one.ip === IP && one.type === Type && one.offset === offset && one.last + 1 === PrivatePort,
    );
    if (group !== undefined) group.last = PrivatePort;
    else groups.push({ ip: IP, type: Type, first: PrivatePort, last: PrivatePort, offset });
  }
  const range = (first: number, last: number): string => (first === last ? String(first) : `${first}-${last}`);
  return groups
    .sort((a, b) => Number(a.first !== a.last) * -1 + Number(b.first !== b.last) || a.first - b.first)
    .map(({ ip, type, first, last, offset }) => {
      const inside = `${range(first, last)}/${type}`;
      if (offset === undefined) return inside;
      return `${ip.includes(':') ? `[${ip}]` : ip}:${range(first + offset, last + offset)}->${inside}`;
    })
    .join(', ');
}

const names = (row: ContainerSummary): string[] => (row.Names ?? []).map((name) => name.replace(/^\//, ''));

const formatFor = (isWhole: boolean, nowMs: number): ListFormat<ContainerSummary> => ({
  columns: {
    ID: { header: 'CONTAINER ID', value: (row) => (isWhole ? row.Id : row.Id?.slice(0, 12)) },
    Names: {
      header: 'NAMES',
      value: (row) => (isWhole ? names(row) : names(row).filter((name) => !name.includes('/'))).join(','),
    },
    Image: {
      header: 'IMAGE',
      value: (row) =>
        row.Image === ''
          ? '<no image>'
          : !isWhole && /^sha256:/.test(row.Image ?? '')
            ? row.Image?.slice(7, 19)
            : row.Image,
    },
    Command: { header: 'COMMAND', value: (row) => JSON.stringify(cut(row.Command ?? '', 20, isWhole)) },
    CreatedAt: { header: 'CREATED AT', value: (row) => formatTimestamp(row.Created ?? 0) },
    RunningFor: { header: 'CREATED', value: (row) => `${formatAge(nowMs / 1000 - (row.Created ?? 0))} ago` },
    Ports: { header: 'PORTS', value: (row) => formatPorts(row.Ports ?? []) },
    State: { header: 'STATE', value: (row) => row.State },
    Status: { header: 'STATUS', value: (row) => row.Status },
    Size: {
      header: 'SIZE',
      value: (row) =>
        formatSize(row.SizeRw ?? 0) +
        ((row.SizeRootFs ?? 0) > 0 ? ` (virtual ${formatSize(row.SizeRootFs ?? 0)})` : ''),
    },
    Labels: {
      header: 'LABELS',
      value: (row) =>
        Object.entries(row.Labels ?? {})
          .map(([key, value]) => `${key}=${value}`)
          .sort()
          .join(','),
    },
    Label: { header: '%', value: (row) => (name: unknown) => row.Labels?.[String(name)] ?? '' },
    Mounts: {
      header: 'MOUNTS',
      value: (row) => (row.Mounts ?? []).map((mount) => cut(mount.Name || mount.Source || '', 15, isWhole)).join(','),
    },
    LocalVolumes: {
      header: 'LOCAL VOLUMES',
      value: (row) => String((row.Mounts ?? []).filter((mount) => mount.Driver === 'local').length),
    },
    Networks: { header: 'NETWORKS', value: (row) => Object.keys(row.NetworkSettings?.Networks ?? {}).join(',') },
    Platform: { header: 'PLATFORM', value: () => null },
  },
  table: ['ID', 'Image', 'Command', 'RunningFor', 'Status', 'Ports', 'Names'],
  quiet: (row) => (isWhole ? row.Id : row.Id?.slice(0, 12)) ?? '',
});

export const ps = defineCommand({
  names: ['container ls', 'container list', 'container ps', 'ps'],
  summary: 'List containers',
  usage: '[OPTIONS]',
  arity: exactly(0),
  examples: ['berth ps -a', "berth ps --format 'table {{.Names}}\\t{{.Status}}'", 'berth ps -aqf status=exited'],
  flags: flagTable({
    all: { type: 'bool', short: 'a', description: 'Show all containers (default shows just running)' },
    filter: filterFlag,
    format: formatFlag,
    last: { type: 'int', short: 'n', default: -1, description: 'Show n last created containers (includes all states)' },
    latest: { type: 'bool', short: 'l', description: 'Show the latest created container (includes all states)' },
    'no-trunc': { type: 'bool', description: "Don't truncate output" },
    quiet: { type: 'bool', short: 'q', description: 'Only display container IDs' },
    size: { type: 'bool', short: 's', description: 'Display total file sizes' },
  }),
  async run(context, flags) {
    const client = await context.client();
    const limit = flags.latest ? 1 : flags.last;
    const rows = await client.json<ContainerSummary[]>({
      method: 'GET',
      path: '/containers/json',
      query: {
        all: flags.all,
        limit: limit > 0 ? limit : undefined,
        size: flags.size || /\.Size\b/.test(flags.format ?? ''),
        filters: encodeFilters(flags.filter),
      },
    });
    const list = formatFor(flags['no-trunc'], Date.now());
    if (flags.size) list.table = [...list.table, 'Size'];
    context.stdout.write(formatList(rows, list, { format: flags.format, quiet: flags.quiet }));
    return 0;
  },
});

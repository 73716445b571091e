import type { ContainerSummary, Port } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { readConfig } from '../../config/config-file.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { formatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { formatList, type ListFormat } from '../../format/table.ts';
import { formatAge, formatSize, formatTimestamp } from '../../format/units.ts';

/** `text` cut to `length` characters with an ellipsis, unless nothing is to be cut. */
const cut = (text: string, length: number, isWhole: boolean): string =>
  isWhole || text.length <= length ? text : `${text.slice(0, length - 1)}…`;

const range = (first: number, last: number): string => (first === last ? String(first) : `${first}-${last}`);
const hostAddress = (ip: string): string => (ip.includes(':') ? `[${ip}]` : ip);

/**
 * Ports as docker shows them: neighbours joined to ranges (published ones only where the host's port is the container's),
 * then those with another port on the host, one by one.
 */
export function formatPorts(ports: readonly Port[]): string {
  const by = (a: string | number, b: string | number): number => (a === b ? 0 : a < b ? -1 : 1);
  const sorted = [...ports].sort(
    (a, b) =>
      by(a.PrivatePort ?? 0, b.PrivatePort ?? 0) ||
      by(a.IP ?? '', b.IP ?? '') ||
      by(a.PublicPort ?? 0, b.PublicPort ?? 0) ||
      by(a.Type ?? '', b.Type ?? ''),
  );
  const open = new Map<string, { ip: string; type: string; first: number; last: number }>();
  const closed: { ip: string; type: string; first: number; last: number }[] = [];
  const mapped: string[] = [];
  for (const { IP: ip = '', PrivatePort: inside = 0, PublicPort: outside = 0, Type: type = 'tcp' } of sorted) {
    if (ip !== '' && outside !== inside) {
      mapped.push(`${hostAddress(ip)}:${outside}->${inside}/${type}`);
      continue;
    }
    const key = `${ip}/${type}`;
    const group = open.get(key);
    if (group !== undefined && group.last + 1 === inside) {
      group.last = inside;
      continue;
    }
    if (group !== undefined) closed.push(group);
    open.set(key, { ip, type, first: inside, last: inside });
  }
  const joined = [...closed, ...open.values()].map(({ ip, type, first, last }) => {
    const inside = range(first, last);
    return ip === '' ? `${inside}/${type}` : `${hostAddress(ip)}:${inside}->${inside}/${type}`;
  });
  return [...joined, ...mapped].join(', ');
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
    if (flags.quiet && flags.format)
      context.stderr.write('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
    const format = flags.quiet ? undefined : flags.format || readConfig(context.env).psFormat;
    const limit = flags.latest ? 1 : flags.last;
    const rows = await client.json<ContainerSummary[]>({
      method: 'GET',
      path: '/containers/json',
      query: {
        all: flags.all,
        limit: limit > 0 ? limit : undefined,
        size: flags.size || /\.Size\b|\bjson\b/.test(format ?? ''),
        filters: encodeFilters(flags.filter),
      },
    });
    const list = formatFor(flags['no-trunc'], Date.now());
    if (flags.size) list.table = [...list.table, 'Size'];
    context.stdout.write(formatList(rows, list, { format, quiet: flags.quiet }));
    return 0;
  },
});

import type { ImageSummary } from '../../../api/index.ts';
import { between, defineCommand } from '../../command.ts';
import { readConfig } from '../../config/config-file.ts';
import { encodeFilters, filterFlag } from '../../flags/filter.ts';
import { formatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { formatList, type ListFormat } from '../../format/table.ts';
import { formatAge, formatSize, formatTimestamp } from '../../format/units.ts';

interface Row {
  image: ImageSummary;
  repository: string;
  tag: string;
  digest: string;
}

const NONE = '<none>';

/** One row a tag; an image without any has one row of its own. */
function rowsOf(image: ImageSummary, isDigests: boolean): Row[] {
  const digests = (image.RepoDigests ?? []).map((name) => name.split('@') as [string, string]);
  const tags = (image.RepoTags ?? []).filter((name) => name !== '<none>:<none>');
  if (tags.length === 0) {
    return (digests.length > 0 ? digests : [[NONE, NONE] as const]).map(([repository, digest]) => ({
      image,
      repository,
      tag: NONE,
      digest,
    }));
  }
  return tags.map((name) => {
    const at = name.lastIndexOf(':');
    const repository = name.slice(0, at);
    return {
      image,
      repository,
      tag: name.slice(at + 1),
      digest: (isDigests && digests.find(([of]) => of === repository)?.[1]) || NONE,
    };
  });
}

const formatFor = (isWhole: boolean, nowMs: number): ListFormat<Row> => {
  const id = ({ image }: Row): string =>
    isWhole ? (image.Id ?? '') : (image.Id ?? '').replace('sha256:', '').slice(0, 12);
  const count = (n: number | undefined): string => (n === undefined || n < 0 ? 'N/A' : String(n));
  return {
    columns: {
      ID: { header: 'IMAGE ID', value: id },
      Repository: { header: 'REPOSITORY', value: (row) => row.repository },
      Tag: { header: 'TAG', value: (row) => row.tag },
      Digest: { header: 'DIGEST', value: (row) => row.digest },
      CreatedSince: {
        header: 'CREATED',
        value: ({ image }) => `${formatAge(nowMs / 1000 - (image.Created ?? 0))} ago`,
      },
      CreatedAt: { header: 'CREATED AT', value: ({ image }) => formatTimestamp(image.Created ?? 0) },
      Size: { header: 'SIZE', value: ({ image }) => formatSize(image.Size ?? 0) },
      Containers: { header: 'CONTAINERS', value: ({ image }) => count(image.Containers) },
      SharedSize: { header: 'SHARED SIZE', value: ({ image }) => count(image.SharedSize) },
      UniqueSize: { header: 'UNIQUE SIZE', value: () => 'N/A' },
      VirtualSize: { header: 'VIRTUAL SIZE', value: ({ image }) => formatSize(image.Size ?? 0, 4) },
    },
    table: ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size'],
    quiet: id,
  };
};

export const images = defineCommand({
  names: ['image ls', 'image list', 'images'],
  summary: 'List images',
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  arity: between(0, 1),
  flags: flagTable({
    all: { type: 'bool', short: 'a', description: 'Show all images (default hides intermediate images)' },
    digests: { type: 'bool', description: 'Show digests' },
    filter: filterFlag,
    format: formatFlag,
    'no-trunc': { type: 'bool', description: "Don't truncate output" },
    quiet: { type: 'bool', short: 'q', description: 'Only show image IDs' },
  }),
  async run(context, flags, [reference]) {
    const client = await context.client();
    const filter = reference === undefined ? flags.filter : [...flags.filter, `reference=${reference}`];
    const found = await client.json<ImageSummary[]>({
      method: 'GET',
      path: '/images/json',
      query: { all: flags.all, digests: flags.digests, filters: encodeFilters(filter) },
    });
    const rows = found.flatMap((image) => rowsOf(image, flags.digests));
    const list = formatFor(flags['no-trunc'], Date.now());
    if (flags.digests) list.table = ['Repository', 'Tag', 'Digest', 'ID', 'CreatedSince', 'Size'];
    context.stdout.write(
      formatList(rows, list, {
        format: flags.format || (flags.quiet ? '' : readConfig(context.env).imagesFormat),
        quiet: flags.quiet,
      }),
    );
    return 0;
  },
});

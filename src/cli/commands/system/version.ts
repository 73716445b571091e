import { API_VERSION } from '../../../client/index.ts';
import { messageOf } from '../../../errors/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { inspectFormatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { compileTemplate } from '../../format/template/execute.ts';
import { toJson } from '../../format/template/functions.ts';
import { programVersion } from '../../program-version.ts';

interface ServerVersion {
  Version: string;
  ApiVersion: string;
  MinAPIVersion: string;
  GitCommit: string;
  Os: string;
  Arch: string;
  KernelVersion: string;
  Components?: { Name: string; Version: string; Details?: Record<string, string> }[];
}

type Row = [name: string, value: string];

/** Names in one column, values in the next; a name alone is a title. */
const formatRows = (rows: readonly Row[]): string =>
  rows.map(([name, value]) => `${value === '' ? name : `${name.padEnd(20)}${value}`}\n`).join('');

function serverRows({ Components, ...server }: ServerVersion): Row[] {
  const components = Components ?? [{ Name: 'Engine', Version: server.Version, Details: {} }];
  return [
    ['Server:', ''],
    ...components.flatMap(({ Name, Version, Details }): Row[] => {
      const details = Object.entries(Details ?? {}).filter(([, value]) => value !== '');
      if (Name !== 'Engine')
        return [[` ${Name}:`, ''], ['  Version:', Version], ...details.map(([k, v]): Row => [`  ${k}:`, v])];
      return [
        [` ${Name}:`, ''],
        ['  Version:', Version],
        ['  API version:', `${server.ApiVersion} (minimum version ${server.MinAPIVersion})`],
        ['  Git commit:', Details?.['GitCommit'] ?? ''],
        ['  Built:', Details?.['BuildTime'] ?? ''],
        ['  OS/Arch:', `${server.Os}/${server.Arch}`],
        ['  Kernel:', server.KernelVersion],
      ].filter(([name, value], i): boolean => i === 0 || (name !== '' && value !== '')) as Row[];
    }),
  ];
}

export const version = defineCommand({
  names: ['version', 'system version'],
  summary: 'Show the version information',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: flagTable({ format: inspectFormatFlag }),
  async run(context, flags) {
    const Client = {
      Version: programVersion(),
      ApiVersion: API_VERSION,
      NodeVersion: process.versions.node,
      Os: process.platform,
      Arch: process.arch === 'x64' ? 'amd64' : process.arch,
    };
    let Server: ServerVersion | null = null;
    let failure: string | undefined;
    try {
      Server = await (await context.client()).json<ServerVersion>({ method: 'GET', path: '/version' });
    } catch (error) {
      failure = messageOf(error);
    }
    if (flags.format) {
      context.stdout.write(
        `${(flags.format === 'json' ? toJson : compileTemplate(flags.format, { missing: 'error' }))({ Client, Server })}\n`,
      );
    } else {
      const client: Row[] = [
        ['Client:', ''],
        [' Version:', Client.Version],
        [' API version:', Client.ApiVersion],
        [' Node version:', Client.NodeVersion],
        [' OS/Arch:', `${Client.Os}/${Client.Arch}`],
      ];
      context.stdout.write(formatRows(client) + (Server === null ? '' : `\n${formatRows(serverRows(Server))}`));
    }
    if (failure !== undefined) throw new ExitError(1, failure);
    return 0;
  },
});

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
  Components?: { Name: string; Version: string }[];
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
      Arch: process.arch,
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
        `${(flags.format === 'json' ? toJson : compileTemplate(flags.format))({ Client, Server })}\n`,
      );
    } else {
      const rows: [string, string][] = [
        ['Client:', ''],
        [' Version:', Client.Version],
        [' API version:', Client.ApiVersion],
        [' Node version:', Client.NodeVersion],
        [' OS/Arch:', `${Client.Os}/${Client.Arch}`],
      ];
      if (Server !== null) {
        rows.push(['', ''], ['Server:', ''], [' Version:', Server.Version]);
        rows.push([' API version:', `${Server.ApiVersion} (minimum version ${Server.MinAPIVersion})`]);
        rows.push([' OS/Arch:', `${Server.Os}/${Server.Arch}`], [' Kernel:', Server.KernelVersion]);
        for (const { Name, Version } of Server.Components ?? [])
          if (Name !== 'Engine') rows.push([` ${Name}:`, Version]);
      }
      context.stdout.write(
        rows
          .map(([name, value]) => `${name.padEnd(value === '' ? 0 : 20)}${value}`.trimEnd())
          .join('\n')
          .concat('\n'),
      );
    }
    if (failure !== undefined) throw new ExitError(1, failure);
    return 0;
  },
});

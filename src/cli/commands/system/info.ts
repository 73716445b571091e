import type { SystemInfo } from '../../../api/index.ts';
import { defineCommand, exactly } from '../../command.ts';
import { inspectFormatFlag } from '../../flags/format.ts';
import { flagTable } from '../../flags/spec.ts';
import { compileTemplate } from '../../format/template/execute.ts';
import { toJson } from '../../format/template/functions.ts';
import { formatMemory } from '../../format/units.ts';
import { programVersion } from '../../program-version.ts';

function lines(info: SystemInfo): string[] {
  const out = [
    'Client:',
    ` Version:    ${programVersion()}`,
    '',
    'Server:',
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ` Logging Driver: ${info.LoggingDriver}`,
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ` Cgroup Version: ${info.CgroupVersion}`,
    ' Plugins:',
    `  Volume: ${info.Plugins?.Volume?.join(' ')}`,
    `  Network: ${info.Plugins?.Network?.join(' ')}`,
    `  Log: ${info.Plugins?.Log?.join(' ')}`,
    ` Runtimes: ${Object.keys(info.Runtimes ?? {}).join(' ')}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ` Init Binary: ${info.InitBinary}`,
    ' Security Options:',
    ...(info.SecurityOptions ?? []).map(
      (option) =>
        `  ${option.replace(/^name=/, '').replaceAll(/,(\w)(\w*)=/g, (_, first: string, rest: string) => `\n   ${first.toUpperCase()}${rest}: `)}`,
    ),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${formatMemory(info.MemTotal ?? 0)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
  ];
  return out;
}

export const info = defineCommand({
  names: ['system info', 'info'],
  summary: 'Display system-wide information',
  usage: '[OPTIONS]',
  arity: exactly(0),
  flags: flagTable({ format: inspectFormatFlag }),
  async run(context, flags) {
    const client = await context.client();
    const found = await client.json<SystemInfo>({ method: 'GET', path: '/info' });
    const text = flags.format
      ? (flags.format === 'json' ? toJson : compileTemplate(flags.format, { missing: 'error' }))(found)
      : lines(found).join('\n');
    context.stdout.write(`${text}\n`);
    for (const warning of found.Warnings ?? []) context.stderr.write(`${warning}\n`);
    return 0;
  },
});

import { groups, overview } from './commands/table.ts';

const rows = (entries: readonly (readonly [string, string])[]): string => {
  const width = Math.max(...entries.map(([name]) => name.length)) + 3;
  return entries.map(([name, summary]) => `  ${name.padEnd(width)}${summary}`).join('\n');
};

/** `berth` alone: what there is, by purpose. */
export function formatOverview(program: string): string {
  const sections = overview.map(({ title, commands }) => `${title}:\n${rows(commands)}`);
  return [
    `Usage:  ${program} [OPTIONS] COMMAND`,
    'Builds images, runs containers, and tells you why.',
    ...sections,
    `Management commands:\n${rows(Object.entries(groups).map(([name, group]) => [name, group.summary]))}`,
    `Global options:\n${rows([
      ['-H, --host string', 'Engine to talk to (default: our own, started when needed)'],
      ['-v, --version', 'Print version information and quit'],
    ])}`,
    `Run '${program} COMMAND --help' for more information on a command.\nNew here? Run '${program} demo'.\n`,
  ].join('\n\n');
}

/** `berth image`: the commands of one group. */
export function formatGroupHelp(program: string, name: string): string {
  const group = groups[name];
  if (group === undefined) return '';
  return [
    `Usage:  ${program} ${name} COMMAND`,
    group.summary,
    `Commands:\n${rows(group.commands)}`,
    `Run '${program} ${name} COMMAND --help' for more information on a command.\n`,
  ].join('\n\n');
}

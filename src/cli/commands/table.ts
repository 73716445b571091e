import type { Command } from '../command.ts';

type Load = () => Promise<Command>;

/** Every command by each name it has. Loaded only when it is typed: the start of the CLI pays for one command, not for all. */
export const commandTable: Record<string, Load> = {
  version: async () => (await import('./system/version.ts')).version,
};

/** The management groups: `berth container …`. */
export const groups: Record<string, { summary: string; commands: [name: string, summary: string][] }> = {
  container: { summary: 'Manage containers', commands: [] },
  image: { summary: 'Manage images', commands: [] },
  volume: { summary: 'Manage volumes', commands: [] },
  system: { summary: 'Manage Berth', commands: [] },
};

/** The overview of `berth` alone. */
export const overview: { title: string; commands: [name: string, summary: string][] }[] = [
  { title: 'Common commands', commands: [['version', 'Show the version information']] },
];

import type { Command } from '../command.ts';

type Load = () => Promise<Command>;
type Row = readonly [names: readonly string[], summary: string, load: Load];

/** Every command: its names, a line for the overviews, and how to load it. The start of the CLI pays for one, not for all. */
const rows: readonly Row[] = [
  [
    ['container run', 'run'],
    'Create and run a new container from an image',
    async () => (await import('./container/run.ts')).run,
  ],
  [
    ['container create', 'create'],
    'Create a new container',
    async () => (await import('./container/create.ts')).create,
  ],
  [
    ['container exec', 'exec'],
    'Execute a command in a running container',
    async () => (await import('./container/exec.ts')).exec,
  ],
  [
    ['container ls', 'container list', 'container ps', 'ps'],
    'List containers',
    async () => (await import('./container/ps.ts')).ps,
  ],
  [['container logs', 'logs'], 'Fetch the logs of a container', async () => (await import('./container/logs.ts')).logs],
  [
    ['container attach', 'attach'],
    'Attach to a running container',
    async () => (await import('./container/attach.ts')).attach,
  ],
  [
    ['container start', 'start'],
    'Start one or more stopped containers',
    async () => (await import('./container/start.ts')).start,
  ],
  [
    ['container stop', 'stop'],
    'Stop one or more running containers',
    async () => (await import('./container/lifecycle.ts')).stop,
  ],
  [
    ['container restart', 'restart'],
    'Restart one or more containers',
    async () => (await import('./container/lifecycle.ts')).restart,
  ],
  [
    ['container kill', 'kill'],
    'Kill one or more running containers',
    async () => (await import('./container/lifecycle.ts')).kill,
  ],
  [
    ['container pause', 'pause'],
    'Pause all processes within containers',
    async () => (await import('./container/lifecycle.ts')).pause,
  ],
  [
    ['container unpause', 'unpause'],
    'Unpause all processes within containers',
    async () => (await import('./container/lifecycle.ts')).unpause,
  ],
  [
    ['container rm', 'container remove', 'rm'],
    'Remove one or more containers',
    async () => (await import('./container/lifecycle.ts')).rm,
  ],
  [
    ['container wait', 'wait'],
    'Block until containers stop, then print their exit codes',
    async () => (await import('./container/lifecycle.ts')).wait,
  ],
  [['container rename', 'rename'], 'Rename a container', async () => (await import('./container/rename.ts')).rename],
  [
    ['container top', 'top'],
    'Display the running processes of a container',
    async () => (await import('./container/top.ts')).top,
  ],
  [
    ['container port', 'port'],
    'List port mappings of a container',
    async () => (await import('./container/port.ts')).port,
  ],
  [
    ['container cp', 'cp'],
    'Copy files between a container and this machine',
    async () => (await import('./container/cp.ts')).cp,
  ],
  [
    ['container inspect'],
    'Display detailed information on containers',
    async () => (await import('./system/inspect.ts')).inspectContainer,
  ],
  [['container prune'], 'Remove all stopped containers', async () => (await import('./container/prune.ts')).prune],
  [
    ['image build', 'build', 'builder build'],
    'Build an image from a Dockerfile',
    async () => (await import('./image/build.ts')).build,
  ],
  [
    ['image bootstrap'],
    'Make a base image out of packages, without a registry',
    async () => (await import('./image/bootstrap.ts')).bootstrap,
  ],
  [['image ls', 'image list', 'images'], 'List images', async () => (await import('./image/ls.ts')).images],
  [['image rm', 'image remove', 'rmi'], 'Remove one or more images', async () => (await import('./image/rm.ts')).rmi],
  [['image tag', 'tag'], 'Give an image another name', async () => (await import('./image/tag.ts')).tag],
  [
    ['image history', 'history'],
    'Show the history of an image',
    async () => (await import('./image/history.ts')).history,
  ],
  [['image load', 'load'], 'Load an image from a tar archive', async () => (await import('./image/archive.ts')).load],
  [['image save', 'save'], 'Save images to a tar archive', async () => (await import('./image/archive.ts')).save],
  [
    ['image import', 'import'],
    'Make an image of a file system in a tarball',
    async () => (await import('./image/archive.ts')).importImage,
  ],
  [
    ['image inspect'],
    'Display detailed information on images',
    async () => (await import('./system/inspect.ts')).inspectImage,
  ],
  [['image prune'], 'Remove unused images', async () => (await import('./image/prune.ts')).imagePrune],
  [['volume create'], 'Create a volume', async () => (await import('./volume/volume.ts')).volumeCreate],
  [['volume ls', 'volume list'], 'List volumes', async () => (await import('./volume/volume.ts')).volumeLs],
  [
    ['volume rm', 'volume remove'],
    'Remove one or more volumes',
    async () => (await import('./volume/volume.ts')).volumeRm,
  ],
  [
    ['volume inspect'],
    'Display detailed information on volumes',
    async () => (await import('./system/inspect.ts')).inspectVolume,
  ],
  [['volume prune'], 'Remove unused local volumes', async () => (await import('./volume/volume.ts')).volumePrune],
  [
    ['network inspect'],
    'Display detailed information on networks',
    async () => (await import('./system/inspect.ts')).inspectNetwork,
  ],
  [['system info', 'info'], 'Display system-wide information', async () => (await import('./system/info.ts')).info],
  [
    ['system events', 'events'],
    'Get real time events from the engine',
    async () => (await import('./system/events.ts')).events,
  ],
  [
    ['system version', 'version'],
    'Show the version information',
    async () => (await import('./system/version.ts')).version,
  ],
  [['inspect'], 'Return low-level information on anything', async () => (await import('./system/inspect.ts')).inspect],
  [
    ['demo'],
    'Build and run a small web app, from nothing to its answer',
    async () => (await import('./system/demo.ts')).demo,
  ],
  [['daemon'], 'Run the engine in the foreground', async () => (await import('./system/daemon.ts')).daemon],
];

export const commandTable: Record<string, Load> = Object.fromEntries(
  rows.flatMap(([names, , load]) => names.map((name) => [name, load])),
);

const inGroup = (group: string): [name: string, summary: string][] =>
  rows
    .flatMap(([names, summary]) => {
      const name = names.find((one) => one.startsWith(`${group} `));
      return name === undefined ? [] : [[name.slice(group.length + 1), summary] as [string, string]];
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));

/** The management groups: `berth container …`. */
export const groups: Record<string, { summary: string; commands: [name: string, summary: string][] }> = {
  container: { summary: 'Manage containers', commands: inGroup('container') },
  image: { summary: 'Manage images', commands: inGroup('image') },
  network: { summary: 'Manage networks', commands: inGroup('network') },
  system: { summary: 'Manage Berth', commands: inGroup('system') },
  volume: { summary: 'Manage volumes', commands: inGroup('volume') },
};

const COMMON = ['run', 'exec', 'ps', 'build', 'images', 'logs', 'stop', 'rm'];

const short = rows.flatMap(([names, summary]) => {
  const name = names.find((one) => !one.includes(' '));
  return name === undefined ? [] : [[name, summary] as [string, string]];
});

/** The overview of `berth` alone. */
export const overview: { title: string; commands: [name: string, summary: string][] }[] = [
  { title: 'Common commands', commands: COMMON.flatMap((name) => short.filter(([one]) => one === name)) },
  {
    title: 'Commands',
    commands: short.filter(([name]) => !COMMON.includes(name)).sort(([a], [b]) => (a < b ? -1 : 1)),
  },
];

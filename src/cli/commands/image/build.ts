import { writeFileSync } from 'node:fs';
import { parseReference } from '../../../oci/index.ts';
import { type BuildContext, dockerfileContext, packBuildContext } from '../../archive/build-context.ts';
import { type Context, defineCommand, exactly } from '../../command.ts';
import { ExitError } from '../../exit-code.ts';
import { type FlagValues, flagTable } from '../../flags/spec.ts';
import { parseHostEntry, parseSize, parseUlimit } from '../../flags/values.ts';
import { BuildView } from '../../progress/build-view.ts';
import { control } from '../../terminal/quote.ts';

const buildFlags = flagTable({
  'add-host': { type: 'list', check: parseHostEntry, description: 'Add a custom host-to-IP mapping (host:ip)' },
  'build-arg': { type: 'list', description: 'Set build-time variables' },
  'cache-from': { type: 'list', description: 'Images to consider as cache sources' },
  'cgroup-parent': { type: 'string', description: 'Set the parent cgroup for the "RUN" instructions during build' },
  compress: { type: 'bool', isHidden: true, description: 'Compress the build context using gzip' },
  'cpu-period': { type: 'int', default: 0, description: 'Limit the CPU CFS (Completely Fair Scheduler) period' },
  'cpu-quota': { type: 'int', default: 0, description: 'Limit the CPU CFS (Completely Fair Scheduler) quota' },
  'cpu-shares': { type: 'int', short: 'c', default: 0, description: 'CPU shares (relative weight)' },
  'cpuset-cpus': { type: 'string', description: 'CPUs in which to allow execution (0-3, 0,1)' },
  'cpuset-mems': { type: 'string', description: 'MEMs in which to allow execution (0-3, 0,1)' },
  file: { type: 'string', short: 'f', description: 'Name of the Dockerfile (Default is "PATH/Dockerfile")' },
  'force-rm': { type: 'bool', description: 'Always remove intermediate containers' },
  'host-ca': {
    type: 'bool',
    description:
      "Trust the host's certificate authorities in RUN steps (for machines behind an intercepting proxy); nothing of it stays in the image",
  },
  iidfile: { type: 'string', description: 'Write the image ID to the file' },
  label: { type: 'list', description: 'Set metadata for an image' },
  memory: { type: 'string', short: 'm', placeholder: 'bytes', check: parseSize, description: 'Memory limit' },
  'memory-swap': {
    type: 'string',
    check: parseSize,
    placeholder: 'bytes',
    description: "Swap limit equal to memory plus swap: '-1' to enable unlimited swap",
  },
  network: {
    type: 'string',
    default: 'default',
    description: 'Set the networking mode for the RUN instructions during build',
  },
  'no-cache': { type: 'bool', description: 'Do not use cache when building the image' },
  platform: { type: 'string', description: 'Set platform if server is multi-platform capable' },
  progress: {
    type: 'string',
    default: 'auto',
    description: 'How to show progress (auto, plain, tty): auto is tty on a terminal',
  },
  pull: { type: 'bool', description: 'Always attempt to pull a newer version of the image' },
  quiet: { type: 'bool', short: 'q', description: 'Suppress the build output and print image ID on success' },
  rm: { type: 'bool', default: true, description: 'Remove intermediate containers after a successful build' },
  'security-opt': { type: 'list', description: 'Security options' },
  'shm-size': { type: 'string', placeholder: 'bytes', check: parseSize, description: 'Size of "/dev/shm"' },
  squash: { type: 'bool', description: 'Squash newly built layers into a single new layer' },
  tag: {
    type: 'list',
    short: 't',
    check: parseReference,
    description: 'Name and optionally a tag in the "name:tag" format',
  },
  target: { type: 'string', description: 'Set the target build stage to build.' },
  ulimit: { type: 'list', placeholder: 'ulimit', check: parseUlimit, description: 'Ulimit options' },
});

interface BuildMessage {
  stream?: string;
  aux?: { ID?: string; Cache?: { step: number; reason: string } };
  error?: string;
  errorDetail?: { code?: number; message?: string; hint?: string; line?: number };
}

const sizeOf = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseSize(text));

/** `NAME=value` words; a name alone takes the caller's value, null when the caller has none. */
const buildArgs = (words: readonly string[], env: NodeJS.ProcessEnv): Record<string, string | null> =>
  Object.fromEntries(
    words.map((word) =>
      word.includes('=')
        ? [word.slice(0, word.indexOf('=')), word.slice(word.indexOf('=') + 1)]
        : [word, env[word] ?? null],
    ),
  );

async function openContext(context: Context, path: string, dockerfile: string | undefined): Promise<BuildContext> {
  const readStdin = async (): Promise<Buffer> => {
    const chunks: Buffer[] = [];
    for await (const chunk of context.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  };
  if (path !== '-') return packBuildContext(path, dockerfile, dockerfile === '-' ? await readStdin() : undefined);
  const content = await readStdin();
  const isArchive =
    content.subarray(257, 262).toString() === 'ustar' ||
    [0x1f8b, 0x425a, 0xfd37, 0x28b5].includes(content.length > 1 ? content.readUInt16BE(0) : 0);
  if (!isArchive) return dockerfileContext(content);
  const { Readable } = process.getBuiltinModule('node:stream');
  return { tar: Readable.from([content], { objectMode: false }), dockerfile: dockerfile ?? 'Dockerfile' };
}

function query(flags: FlagValues<typeof buildFlags>, dockerfile: string, env: NodeJS.ProcessEnv) {
  const epoch = env['SOURCE_DATE_EPOCH'];
  const args = { ...(epoch !== undefined && { SOURCE_DATE_EPOCH: epoch }), ...buildArgs(flags['build-arg'], env) };
  const labels = Object.fromEntries(
    flags.label.map((word) => [word.split('=')[0] ?? '', word.split('=').slice(1).join('=')]),
  );
  const ulimits = flags.ulimit.map(parseUlimit);
  return {
    dockerfile,
    t: flags.tag,
    q: flags.quiet,
    nocache: flags['no-cache'],
    pull: flags.pull,
    rm: flags.rm ? '1' : '0',
    forcerm: flags['force-rm'],
    target: flags.target,
    platform: flags.platform,
    networkmode: flags.network,
    extrahosts: flags['add-host'].length > 0 ? flags['add-host'].map(parseHostEntry).join(',') : undefined,
    cachefrom: flags['cache-from'].length > 0 ? JSON.stringify(flags['cache-from']) : undefined,
    buildargs: JSON.stringify(args),
    labels: JSON.stringify(labels),
    memory: sizeOf(flags.memory),
    memswap: sizeOf(flags['memory-swap']),
    shmsize: sizeOf(flags['shm-size']),
    cpushares: flags['cpu-shares'] || undefined,
    cpuperiod: flags['cpu-period'] || undefined,
    cpuquota: flags['cpu-quota'] || undefined,
    cpusetcpus: flags['cpuset-cpus'],
    cpusetmems: flags['cpuset-mems'],
    cgroupparent: flags['cgroup-parent'],
    ulimits: ulimits.length > 0 ? JSON.stringify(ulimits) : undefined,
    securityopt: flags['security-opt'].length > 0 ? JSON.stringify(flags['security-opt']) : undefined,
    squash: flags.squash,
    version: '1',
    // Ours: certificates of the host for RUN steps, and the reasons of the cache beside the classic lines.
    hostca: flags['host-ca'],
    explain: true,
  };
}

export const build = defineCommand({
  names: ['image build', 'build', 'builder build'],
  summary: 'Build an image from a Dockerfile',
  usage: '[OPTIONS] PATH | -',
  arity: exactly(1),
  examples: [
    'berth build -t my-app .',
    'berth build -t my-app --build-arg VERSION=2 -f docker/Dockerfile .',
    'berth build - < Dockerfile',
  ],
  flags: buildFlags,
  async run(context, flags, [path = '']) {
    if (!['auto', 'plain', 'tty'].includes(flags.progress))
      throw new ExitError(125, `invalid progress mode ${flags.progress}: must be one of auto, plain, tty`);
    const source = await openContext(context, path, flags.file);
    const client = await context.client();
    const messages = client.messages<BuildMessage>({
      method: 'POST',
      path: '/build',
      query: query(flags, source.dockerfile, context.env),
      body: source.tar,
    });
    const view = viewFor(context, flags);
    let imageId: string | undefined;
    const said: string[] = [];
    try {
      for await (const message of messages) {
        if (message.error !== undefined || message.errorDetail !== undefined) {
          view?.fail();
          context.stderr.write(said.join(''));
          throw buildFailure(message);
        }
        if (message.aux?.ID !== undefined) imageId = message.aux.ID;
        if (flags.quiet) {
          // Nothing but the id comes then, as text; what a failing step said comes too, and is told on stderr.
          const text = message.stream ?? '';
          if (/^sha256:[0-9a-f]{64}\s*$/.test(text)) imageId = text.trim();
          else said.push(text);
          continue;
        }
        const reason = message.aux?.Cache?.reason;
        if (view !== undefined) {
          if (reason !== undefined) view.missed(reason);
          if (message.stream !== undefined) view.push(message.stream);
          continue;
        }
        if (reason !== undefined) context.stdout.write(` ---> Not cached: ${reason}\n`);
        if (message.stream !== undefined) context.stdout.write(message.stream);
      }
      view?.end();
    } finally {
      view?.[Symbol.dispose]();
    }
    if (imageId === undefined) throw new ExitError(1, 'the daemon ended the build without an image');
    if (flags.iidfile !== undefined) writeFileSync(flags.iidfile, imageId);
    if (flags.quiet) context.stdout.write(`${imageId}\n`);
    return 0;
  },
});

type LiveView = BuildView & Disposable;

/** The live view, where there is a terminal that can show it. */
function viewFor(context: Context, flags: FlagValues<typeof buildFlags>): LiveView | undefined {
  const { stdout, env } = context;
  const isAble = stdout.isTTY && env['TERM'] !== 'dumb';
  if (flags.quiet || flags.progress === 'plain' || !(isAble || flags.progress === 'tty')) return undefined;
  const view = new BuildView({
    write: (text) => stdout.write(control(text)),
    columns: () => stdout.columns || 80,
    nowMs: Date.now,
    isColoured: !env['NO_COLOR'],
  });
  const clock = setInterval(() => view.redraw(), 200);
  return Object.assign(view, { [Symbol.dispose]: () => clearInterval(clock) });
}

function buildFailure({ error, errorDetail }: BuildMessage): ExitError {
  const message = errorDetail?.message ?? error ?? 'the build failed';
  const line = errorDetail?.line === undefined ? '' : `Dockerfile line ${errorDetail.line}: `;
  const hint = errorDetail?.hint === undefined ? '' : `\n${errorDetail.hint}`;
  return new ExitError(errorDetail?.code || 1, `${line}${message}${hint}`);
}

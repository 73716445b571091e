import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { notFound } from '../errors/index.ts';
import type { Image } from '../images/index.ts';
import { type Digest, digestOf, type ImageConfigFile, type ImageRunConfig } from '../oci/index.ts';
import {
  createLayers,
  createSnapshots,
  type Layers,
  openMetadata,
  type SnapshotKey,
  type Snapshots,
} from '../store/index.ts';
import { createBuilder } from './builder.ts';
import { type ClassicMessage, createClassicOutput } from './classic-output.ts';
import type { BuildEvent, Builder, BuildRequest } from './contract.ts';
import type { StepProcess } from './needs.ts';

/** Where the static busybox of the tests' base image comes from. */
export const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
const APPLETS = [
  'sh',
  'echo',
  'ls',
  'cat',
  'true',
  'false',
  'id',
  'mkdir',
  'touch',
  'ln',
  'chmod',
  'chown',
  'rm',
  'sleep',
  'stat',
  'env',
  'dd',
  'seq',
  'find',
  'head',
  'yes',
  'sort',
  'md5sum',
  'test',
];

export type Files = Record<string, string | { link: string } | { content: Buffer; mode?: number }>;

/** A builder on the real store; the process of a RUN is a chroot. */
export interface Workshop extends AsyncDisposable {
  dir: string;
  builder: Builder;
  snapshots: Snapshots;
  layers: Layers;
  images: Map<string, Image>;
  /** RUN processes started so far, and those that run. */
  ran: string[][];
  running: Set<string>;
  build(files: Files, request?: Partial<BuildRequest>, signal?: AbortSignal): Promise<Built>;
  /** Files of an image as `path → "type mode uid:gid content-or-target"`. */
  listing(image: string): Promise<Record<string, string>>;
  /** Opens the same folders anew, as a daemon that starts again. */
  reopen(): Promise<void>;
}

export interface Built {
  id: Digest | undefined;
  error: unknown;
  events: BuildEvent[];
  messages: ClassicMessage[];
  /** `Step n: hit` or the reason of the miss. */
  reasons: Record<number, string>;
}

export async function openWorkshop(): Promise<Workshop> {
  const dir = mkdtempSync(join(tmpdir(), 'berth-build-'));
  const images = new Map<string, Image>();
  const ran: string[][] = [];
  const running = new Set<string>();
  let store = await openStore(dir);
  const newId = (): string => randomBytes(32).toString('hex');

  const makeBuilder = (): Builder =>
    createBuilder({
      snapshots: store.snapshots,
      layers: store.layers,
      metadata: store.metadata,
      tempDir: join(dir, 'build'),
      now: Date.now,
      newId,
      platform: { os: 'linux', architecture: 'amd64' },
      images: {
        find: (name) =>
          images.get(name.includes(':') ? name : `${name}:latest`) ?? [...images.values()].find((i) => i.id === name),
        async add({ configBytes, layers }) {
          const config: ImageConfigFile = JSON.parse(Buffer.from(configBytes).toString());
          const image: Image = { id: digestOf(configBytes), config, layers, sizeBytes: 0 };
          images.set(image.id, image);
          return image;
        },
        async tag(id, repository, tag) {
          const image = images.get(id) ?? [...images.values()].find((known) => known.id === id);
          if (image === undefined) throw notFound('no-such-image', `No such image: ${id}`);
          images.set(`${repository}:${tag}`, image);
        },
        list: async () => [...new Set(images.values())].map(({ id }) => ({ Id: id })) as never,
      },
      runStep: (request, signal) => chrootStep(request, signal, ran, running),
    });
  const workshop: Workshop = {
    dir,
    builder: makeBuilder(),
    get snapshots() {
      return store.snapshots;
    },
    get layers() {
      return store.layers;
    },
    images,
    ran,
    running,
    build: (files, request, signal) => buildFiles(workshop, files, request, signal),
    listing: (image) => listing(workshop, image),
    async reopen() {
      await closeStore(store);
      store = await openStore(dir);
      workshop.builder = makeBuilder();
      await workshop.builder.sweep();
    },
    async [Symbol.asyncDispose]() {
      await closeStore(store);
      rmSync(dir, { recursive: true, force: true });
    },
  };
  await workshop.builder.sweep();
  await addBase(workshop);
  return workshop;
}

interface Store {
  snapshots: Snapshots;
  layers: Layers & Partial<AsyncDisposable>;
  metadata: Awaited<ReturnType<typeof openMetadata>>;
}

async function openStore(dir: string): Promise<Store> {
  const snapshots = await createSnapshots({ dir: join(dir, 'snapshots') });
  return {
    snapshots,
    layers: createLayers({ snapshots }),
    metadata: await openMetadata({ path: join(dir, 'metadata.db') }),
  };
}

async function closeStore({ snapshots, layers, metadata }: Store): Promise<void> {
  await metadata.close();
  await layers[Symbol.asyncDispose]?.();
  await snapshots[Symbol.asyncDispose]();
}

/** `busybox:latest` and `classic-base:latest`: a static busybox, passwd and group, nothing else. */
async function addBase(workshop: Workshop): Promise<void> {
  const key = 'base' as SnapshotKey;
  const root = join(workshop.dir, 'base');
  mkdirSync(root);
  const mount = await workshop.snapshots.prepare(key);
  mount.mount(root);
  mkdirSync(join(root, 'bin'));
  mkdirSync(join(root, 'etc'));
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  copyFileSync(BUSYBOX ?? '', join(root, 'bin/busybox'));
  for (const applet of APPLETS) symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\napp:x:1500:1501::/:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nstaff:x:50:\n');
  mount.unmount(root);
  const { diffId, sizeBytes } = await workshop.layers.diff(key);
  const snapshot = diffId as string as SnapshotKey;
  await workshop.snapshots.commit(snapshot, key);
  addImage(workshop, ['busybox:latest', 'classic-base:latest'], { Env: ['PATH=/bin'], Cmd: ['sh'] }, [
    { diffId, snapshot, sizeBytes },
  ]);
}

export function addImage(workshop: Workshop, names: string[], config: ImageRunConfig, layers: Image['layers']): void {
  const file: ImageConfigFile = {
    created: '2020-01-01T00:00:00Z',
    architecture: 'amd64',
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: [{ created: '2020-01-01T00:00:00Z', comment: 'base' }],
  };
  const image: Image = { id: digestOf(JSON.stringify(file)), config: file, layers, sizeBytes: 1 };
  for (const name of names) workshop.images.set(name, image);
}

async function buildFiles(
  workshop: Workshop,
  files: Files,
  request: Partial<BuildRequest> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Built> {
  const events: BuildEvent[] = [];
  const messages: ClassicMessage[] = [];
  const classic = createClassicOutput({
    write: (message) => void messages.push(message),
    quiet: request.quiet ?? false,
    removeIntermediate: request.removeIntermediate ?? true,
    forceRemove: request.forceRemove ?? false,
  });
  const full: BuildRequest = {
    dockerfile: 'Dockerfile',
    context: tarOf(files),
    tags: [],
    quiet: false,
    noCache: false,
    pull: false,
    removeIntermediate: true,
    forceRemove: false,
    target: '',
    buildArgs: {},
    labels: {},
    networkMode: 'default',
    extraHosts: [],
    cacheFrom: [],
    shmSizeBytes: 0,
    limits: {},
    hostCa: false,
    squash: false,
    ...request,
  };
  const emit = (event: BuildEvent): void | Promise<void> => {
    events.push(event);
    return classic.emit(event);
  };
  let id: Digest | undefined;
  let error: unknown;
  try {
    id = await workshop.builder.build(full, emit, signal);
  } catch (caught) {
    error = caught;
    if (!(await classic.fail(caught))) messages.push({ message: (caught as Error).message } as ClassicMessage);
  }
  const reasons = Object.fromEntries(
    events.flatMap((event): [number, string][] => {
      if (event.type === 'step-cached') return [[event.step, 'hit']];
      return event.type === 'step-running' ? [[event.step, event.cache.reason]] : [];
    }),
  );
  return { id, error, events, messages, reasons };
}

/** The RUN process of these tests: no isolation, its own root. */
async function chrootStep(
  request: StepProcess,
  signal: AbortSignal,
  ran: string[][],
  running: Set<string>,
): Promise<{ exitCode: number; oomKilled: boolean }> {
  ran.push(request.args);
  const passwd: Record<string, string> = { app: '1500:1501', root: '0:0' };
  const user = request.user === '' ? '0:0' : (passwd[request.user] ?? request.user);
  if (!/^\d/.test(user))
    throw notFound('no-such-user', `unable to find user ${user}: no matching entries in passwd file`);
  const env = Object.fromEntries(
    request.env.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  const [uid, gid = uid] = user.split(':');
  const script = 'cd "$0" && exec "$@"';
  const child = spawn(
    '/usr/sbin/chroot',
    [
      '--userspec',
      `${uid}:${gid}`,
      '--groups',
      `${gid}`,
      request.rootfs,
      '/bin/busybox',
      'sh',
      '-c',
      script,
      request.cwd,
      ...request.args,
    ],
    { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  running.add(request.id);
  const kill = (): void => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'));
  signal.addEventListener('abort', kill);
  const pump = async (stream: 'stdout' | 'stderr', from: Readable): Promise<void> => {
    for await (const chunk of from) await request.output(stream, chunk);
  };
  const exit = new Promise<number>((resolve) => child.on('close', (code) => resolve(code ?? 137)));
  try {
    await Promise.all([pump('stdout', child.stdout), pump('stderr', child.stderr)]);
    const exitCode = await exit;
    signal.throwIfAborted();
    return { exitCode, oomKilled: false };
  } finally {
    signal.removeEventListener('abort', kill);
    running.delete(request.id);
  }
}

/** A context as a client sends it. */
export async function* tarOf(files: Files): AsyncIterable<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), 'berth-context-'));
  try {
    for (const [path, file] of Object.entries(files)) {
      const at = join(folder, path);
      mkdirSync(dirname(at), { recursive: true });
      if (typeof file === 'object' && 'link' in file) symlinkSync(file.link, at);
      else
        writeFileSync(at, typeof file === 'string' ? file : file.content, {
          mode: typeof file === 'string' ? 0o644 : (file.mode ?? 0o644),
        });
    }
    const tar = spawn('tar', ['-c', '-C', folder, '--mtime=@1600000000', '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    yield* tar.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function listing(workshop: Workshop, name: string): Promise<Record<string, string>> {
  const image = workshop.images.get(name.includes(':') ? name : `${name}:latest`) ?? workshop.images.get(name);
  const top = image?.layers.at(-1)?.snapshot;
  if (top === undefined) return {};
  const key = `look-${randomBytes(4).toString('hex')}` as SnapshotKey;
  const root = mkdtempSync(join(workshop.dir, 'look-'));
  const mount = await workshop.snapshots.view(key, top);
  mount.mount(root);
  const script = 'cd "$1" && find . -mindepth 1 ! -path "./bin/*" -printf "%P\\t%y %m %U:%G %l\\n"';
  const out = await new Response(Readable.toWeb(spawn('sh', ['-c', script, 'sh', root]).stdout) as never).text();
  const rows = out
    .trim()
    .split('\n')
    .map((line) => line.split('\t'));
  const found: Record<string, string> = {};
  for (const [path = '', facts = ''] of rows) {
    const content = facts.startsWith('f') ? await workshop.layers.readFile(root, path) : undefined;
    found[path] =
      `${facts.trim()}${content === undefined ? '' : ` ${content.length > 80 ? createHash('md5').update(content).digest('hex') : content.toString()}`}`;
  }
  mount.unmount(root);
  await workshop.snapshots.remove(key);
  return found;
}

import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import type { ContainerCreateRequest, EventMessage } from '../api/index.ts';
import { FrameDecoder } from '../api/index.ts';
import { notFound } from '../errors/index.ts';
import { createEvents } from '../events/index.ts';
import { mount, mountsBelow, unmount } from '../host/index.ts';
import type { Image } from '../images/index.ts';
import { createLogs } from '../logs/index.ts';
import { createNetworks, type Networks } from '../networks/index.ts';
import type { Digest } from '../oci/index.ts';
import { createRuntime, type Runtime } from '../runtime/index.ts';
import { createLayers, createSnapshots, openMetadata, type SnapshotKey, type Snapshots } from '../store/index.ts';
import { createVolumes, type Volumes } from '../volumes/index.ts';
import { type ContainersConfig, type ContainersRoom, createContainers } from './index.ts';

export const BUSYBOX = ['/bin/busybox', '/usr/bin/busybox'].find((path) => existsSync(path));
export const SKIP =
  process.getuid?.() !== 0 ? 'needs root' : BUSYBOX === undefined ? 'needs a static busybox on this machine' : false;

export interface House extends AsyncDisposable {
  dir: string;
  room: ContainersRoom;
  snapshots: Snapshots;
  networks: Networks;
  volumes: Volumes;
  runtime: Runtime;
  events: EventMessage[];
  warnings: string[];
  /** Adds an image `name:latest` whose root is what `fill` makes of a busybox root. */
  image(name: string, fill?: (root: string) => void, config?: Image['config']['config']): Promise<Image>;
  /** create + attach + start + wait. */
  run(request: ContainerCreateRequest, name?: string): Promise<Outcome>;
}

export interface Outcome {
  id: string;
  exitCode: number;
  stdout: string;
  stderr: string;
}

/** An empty file system of its own, so that nothing of a test can outlast its unmounting. */
export function makeHouseDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'bc-'));
  mount('tmpfs', dir, 'tmpfs');
  for (const folder of ['exec', 'data']) mkdirSync(join(dir, folder));
  return dir;
}

/** All rooms below containers, real, on folders and names of this test's own. */
export async function openHouse(
  config: ContainersConfig = {},
  { dir, tag } = { dir: makeHouseDir(), tag: randomBytes(3).toString('hex') },
): Promise<House> {
  const images = new Map<string, Image>();
  const exec = join(dir, 'exec');
  const data = join(dir, 'data');
  const events: EventMessage[] = [];
  const warnings: string[] = [];
  const cgroupParent = `/berth-${tag}`;
  let close: () => Promise<void> = async () => {};

  const open = async (): Promise<Omit<House, 'dir' | 'image' | 'run' | typeof Symbol.asyncDispose>> => {
    const metadata = await openMetadata({ path: join(data, 'berth.db') });
    const snapshots = await createSnapshots({ dir: join(data, 'snapshots') });
    const bus = createEvents({ now: Date.now });
    bus.listen((event) => events.push(event));
    const warn = (message: string): void => void warnings.push(message);
    const layers = createLayers({ snapshots });
    const networks = await createNetworks({
      execRoot: join(exec, 'net'),
      metadata,
      events: bus,
      now: Date.now,
      config: { bridgeName: `bc${tag}` },
      warn,
    });
    const host = { mount, unmount, mountsBelow };
    const volumes = await createVolumes({
      dir: join(data, 'volumes'),
      metadata,
      layers,
      events: bus,
      host,
      now: Date.now,
    });
    const runtime = await createRuntime({ root: join(exec, 'rt'), cgroupParent, now: Date.now, engineMounts: [dir] });
    const logs = createLogs({ warn });
    const room = createContainers({
      images: {
        find: (ref) => images.get(ref) ?? images.get(`${ref}:latest`),
        get(ref) {
          const found = this.find(ref);
          if (found === undefined) throw notFound('no-such-image', `No such image: ${ref}:latest`);
          return found;
        },
        names: () => [],
      },
      snapshots,
      layers,
      runtime,
      networks,
      volumes,
      logs,
      events: bus,
      metadata,
      dirs: { data, exec },
      now: () => performance.timeOrigin + performance.now(),
      newId: () => randomBytes(32).toString('hex'),
      config,
      warn,
    });
    await room.restore();
    close = async () => {
      await room.shutdown({ stop: false, timeoutMs: 0 });
      await networks.shutdown();
      await snapshots[Symbol.asyncDispose]();
      await metadata.close();
      await logs.close();
    };
    return { room, snapshots, networks, volumes, runtime, events, warnings };
  };

  const house: House = {
    dir,
    ...(await open()),
    async image(name, fill, imageConfig = { Cmd: ['sh'], Env: ['PATH=/bin'] }) {
      const diffId = `sha256:${createHash('sha256').update(name).digest('hex')}` as Digest;
      const key = diffId as string as SnapshotKey;
      const draft = `${key.slice(7, 20)}-new` as SnapshotKey;
      const target = join(dir, draft);
      mkdirSync(target);
      const place = await house.snapshots.prepare(draft);
      place.mount(target);
      writeBusybox(target);
      fill?.(target);
      place.unmount(target);
      await house.snapshots.commit(key, draft);
      const image: Image = {
        id: diffId,
        config: {
          architecture: process.arch === 'x64' ? 'amd64' : process.arch,
          os: 'linux',
          rootfs: { type: 'layers', diff_ids: [diffId] },
          ...(imageConfig && { config: imageConfig }),
        },
        layers: [{ diffId, snapshot: key, sizeBytes: 0 }],
        sizeBytes: 0,
      };
      images.set(`${name}:latest`, image);
      images.set(diffId, image);
      return image;
    },
    async run(request, name) {
      const { containers } = house.room;
      const { Id: id = '' } = await containers.create(name, request);
      const { done, stdout, stderr } = attach(house, id);
      const ended = containers.wait(
        id,
        request.HostConfig?.AutoRemove ? 'removed' : 'next-exit',
        new AbortController().signal,
      );
      await containers.start(id);
      const { StatusCode: exitCode = -1 } = await ended;
      await done;
      return { id, exitCode, stdout: stdout(), stderr: stderr() };
    },
    async [Symbol.asyncDispose]() {
      const { containers } = house.room;
      for (const { Id: id = '' } of await containers.list({ all: true, limit: 0, size: false, filters: {} })) {
        await containers
          .remove(id, { force: true, volumes: true, link: false })
          .catch((error: unknown) => warnings.push(String(error)));
      }
      await close();
      for (const target of mountsBelow(dir).reverse()) unmount(target);
      rmSync(dir, { recursive: true, force: true });
      removeCgroups(cgroupParent);
      for (const link of [`bc${tag}`]) tryRun('ip', 'link', 'del', link);
      tryRun('nft', 'delete', 'table', 'inet', `berth-bc${tag}`);
    },
  };
  return house;
}

/** A client on both outputs, decoded. */
export function attach(
  house: House,
  id: string,
  input = new PassThrough().end(),
): { done: Promise<void>; stdout(): string; stderr(): string } {
  const { run } = house.room.containers.attach(id, {
    stdin: true,
    stdout: true,
    stderr: true,
    stream: true,
    logs: false,
    detachKeys: Buffer.alloc(0),
  });
  const parts = { stdin: '', stdout: '', stderr: '', systemerr: '' };
  const decoder = new FrameDecoder((stream, payload) => {
    parts[stream] += payload.toString();
  });
  const output = new PassThrough();
  output.on('data', (chunk: Buffer) => decoder.write(chunk));
  const done = run({ input, output }, new AbortController().signal);
  return { done, stdout: () => parts.stdout, stderr: () => parts.stderr };
}

function writeBusybox(root: string): void {
  for (const folder of ['bin', 'etc', 'tmp', 'root']) mkdirSync(join(root, folder));
  copyFileSync(BUSYBOX ?? '', join(root, 'bin/busybox'));
  chmodSync(join(root, 'bin/busybox'), 0o755);
  const applets = execFileSync(BUSYBOX ?? '', ['--list'], { encoding: 'utf8' }).split('\n');
  for (const applet of applets)
    if (/^[a-z0-9_-]+$/.test(applet) && applet !== 'busybox') symlinkSync('busybox', join(root, 'bin', applet));
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n');
  writeFileSync(join(root, 'etc/group'), 'root:x:0:\nwheel:x:10:root,node\n');
}

function tryRun(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
  } catch {
    // It was not there.
  }
}

/** Empty cgroups of this test, in every hierarchy. */
function removeCgroups(parent: string): void {
  for (const hierarchy of ['', ...readdirSync('/sys/fs/cgroup')]) {
    removeTree(join('/sys/fs/cgroup', hierarchy, parent));
  }
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  rmdirSync(folder);
}

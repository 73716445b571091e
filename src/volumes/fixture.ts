import { cpSync, lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { notFound } from '../errors/index.ts';
import { createEvents } from '../events/index.ts';
import type { Change, Metadata } from '../store/index.ts';
import { createVolumes, type Volumes } from './index.ts';
import type { VolumeMounts, VolumeNeeds } from './needs.ts';

/** For tests: metadata in memory, copies by Node, mounts that are only noted unless `host` is given. */
export interface Fixture {
  dir: string;
  events: string[];
  mounts: string[];
  /** A daemon over the same data: what a restart finds. */
  open(): Promise<Volumes>;
}

export function createFixture(t: TestContext, host?: VolumeMounts, realLayers?: VolumeNeeds['layers']): Fixture {
  const root = mkdtempSync(path.join(tmpdir(), 'berth-volumes-'));
  const dir = path.join(root, 'volumes');
  t.after(() => {
    for (const target of host?.mountsBelow(root) ?? []) host?.unmount(target);
    rmSync(root, { recursive: true, force: true });
  });
  const metadata = memoryMetadata();
  const seen: string[] = [];
  const mounts: string[] = [];
  const bus = createEvents({ now: Date.now });
  bus.listen(({ Action, Actor }) => seen.push(`${Action} ${Actor?.ID} ${JSON.stringify(Actor?.Attributes)}`));
  const noted: VolumeMounts = {
    mount: (source, target, type, flags, data) => void mounts.push(`${source} ${target} ${type} ${flags} ${data}`),
    unmount: () => mounts.pop() !== undefined,
    mountsBelow: (folder) =>
      mounts.map((mount) => mount.split(' ')[1] ?? '').filter((target) => target.startsWith(folder)),
  };
  return {
    dir,
    events: seen,
    mounts,
    open: () =>
      createVolumes({
        dir,
        metadata,
        layers: realLayers ?? layers,
        events: bus,
        host: host ?? noted,
        now: () => 1_795_231_890_591,
      }),
  };
}

function memoryMetadata(): Metadata {
  const rows = new Map<string, Map<string, unknown>>();
  const apply = (change: Change): void => {
    const bucket = rows.get(change.bucket) ?? new Map<string, unknown>();
    rows.set(change.bucket, bucket);
    if ('put' in change) bucket.set(change.key, structuredClone(change.put));
    else bucket.delete(change.key);
  };
  return {
    load: async <T>(bucket: string) =>
      [...(rows.get(bucket) ?? [])].map(([key, value]) => ({ key, value: value as T })),
    write: async (changes) => changes.forEach(apply),
    close: async () => {},
  };
}

const layers: Parameters<typeof createVolumes>[0]['layers'] = {
  async copy({ from, to }) {
    cpSync(path.join(from.root, from.path), path.join(to.root, to.path), { recursive: true });
  },
  async stat(root, name) {
    const stat = lstatSync(path.join(root, name), { throwIfNoEntry: false });
    if (stat === undefined) throw notFound('no-such-path', name);
    const { size, mode, mtimeMs, uid, gid } = stat;
    return { name: Buffer.from(name), sizeBytes: size, mode, mtimeMs, linkTarget: '', uid, gid };
  },
};

import { randomBytes } from 'node:crypto';
import { chmod, chown, readdir } from 'node:fs/promises';
import type { Volume, VolumeCreateOptions } from '../api/index.ts';
import { conflict, isEngineError, notFound } from '../errors/index.ts';
import { KeyedMutex } from '../lib/index.ts';
import type { Volumes, VolumeUse } from './contract.ts';
import { diskUsage } from './disk-usage.ts';
import { listFilter, pruneFilter } from './filters.ts';
import { VolumeFolders } from './folders.ts';
import { mountDevice } from './mount-device.ts';
import type { VolumeNeeds } from './needs.ts';
import { ANONYMOUS_LABEL, DRIVER, isAnonymous, toVolume, type VolumeRecord } from './record.ts';
import { checkName, checkRequest } from './request.ts';

const BUCKET = 'volumes';
const DIRECTORY = 0o040000;
const FILE_TYPE = 0o170000;

interface Entry {
  record: VolumeRecord;
  users: Set<string>;
  /** Containers that run with it, and at how many places; the options are mounted while there is one. */
  mountedBy: Map<string, number>;
}

/** Loads what is recorded; a folder without a record is taken in (nobody's data is thrown away), remains of removals go. */
export async function createVolumes(needs: VolumeNeeds): Promise<Volumes> {
  const { events, metadata, host, layers } = needs;
  const folders = new VolumeFolders(needs.dir);
  const entries = new Map<string, Entry>();
  const locks = new KeyedMutex<string>();
  const newName = needs.newName ?? (() => randomBytes(32).toString('hex'));
  await restore();

  async function restore(): Promise<void> {
    const { names, removed } = await folders.open();
    for (const { key, value } of await metadata.load<VolumeRecord>(BUCKET)) {
      if (names.delete(key)) add(key, value);
      else if (removed.has(key)) await metadata.write([{ bucket: BUCKET, key, delete: true }]);
      else {
        await folders.create(key);
        add(key, value);
      }
    }
    for (const name of names) await record(name, { createdAt: timestamp(needs.now()), labels: null, options: null });
  }

  function add(name: string, value: VolumeRecord): void {
    entries.set(name, { record: value, users: new Set(), mountedBy: new Map() });
  }

  async function record(name: string, value: VolumeRecord): Promise<void> {
    await metadata.write([{ bucket: BUCKET, key: name, put: value }]);
    add(name, value);
  }

  const find = (name: string): Entry => {
    const entry = entries.get(name);
    if (entry === undefined) throw notFound('no-such-volume', `get ${name}: no such volume`);
    return entry;
  };

  const publish = (action: string, name: string, attributes: Record<string, string> = {}): void =>
    events.publish('volume', action, { id: name, attributes: { driver: DRIVER, ...attributes } });

  async function create(request: VolumeCreateOptions & { isAnonymous?: boolean }): Promise<Volume> {
    const asked = request.Name ?? '';
    const name = asked === '' ? newName() : asked;
    return await locks.run(name, async () => {
      const existing = entries.get(name);
      if (existing === undefined) {
        checkName(name);
        checkRequest(name, request);
        await folders.create(name);
        const labels = { ...request.Labels };
        if (asked === '' || request.isAnonymous === true) labels[ANONYMOUS_LABEL] = '';
        const options = { ...request.DriverOpts };
        await record(name, { createdAt: timestamp(needs.now()), labels: orNull(labels), options: orNull(options) });
        publish('create', name);
      }
      return toVolume(name, folders.data(name), find(name).record);
    });
  }

  /** Gives the bytes that were in it, if asked to count. */
  async function removeNow(name: string, isCounted: boolean): Promise<number> {
    return await locks.run(name, async () => {
      const { users } = find(name);
      if (users.size > 0) {
        const message = `remove ${name}: volume is in use - [${[...users].join(', ')}]`;
        throw conflict('volume-in-use', message, { detail: { containers: [...users] } });
      }
      // A mount that a daemon before us left: without this the device's files would be deleted.
      while (host.mountsBelow(folders.data(name)).length > 0)
        host.unmount(host.mountsBelow(folders.data(name)).at(-1) ?? '');
      const bytes = isCounted ? await diskUsage(folders.data(name)) : 0;
      const { finish } = await folders.remove(name);
      entries.delete(name);
      await metadata.write([{ bucket: BUCKET, key: name, delete: true }]);
      publish('destroy', name);
      await finish();
      return bytes;
    });
  }

  async function prune(filters: Record<string, string[]>): ReturnType<Volumes['prune']> {
    const matches = pruneFilter(filters);
    const deleted: string[] = [];
    let reclaimed = 0;
    for (const [name, { record: found, users }] of [...entries]) {
      if (!matches({ name, record: found, isUsed: users.size > 0 })) continue;
      try {
        reclaimed += await removeNow(name, true);
        deleted.push(name);
      } catch (error) {
        // Taken or removed by someone else since: theirs.
        if (!isEngineError(error, 'conflict') && !isEngineError(error, 'not-found')) throw error;
      }
    }
    events.publish('volume', 'prune', { id: '', attributes: { reclaimed: String(reclaimed) } });
    return { VolumesDeleted: deleted.length === 0 ? null : deleted, SpaceReclaimed: reclaimed };
  }

  /** Mounts the options unless they are mounted. */
  async function ready({ record: found, mountedBy }: Entry, target: string): Promise<void> {
    if (found.options === null || mountedBy.size > 0 || host.mountsBelow(target).includes(target)) return;
    await mountDevice(host, target, found.options);
  }

  function letGo({ record: found, mountedBy }: Entry, target: string): void {
    if (found.options !== null && mountedBy.size === 0) host.unmount(target);
  }

  async function mountpoint(name: string, containerId: string, use?: VolumeUse): Promise<string> {
    return await locks.run(name, async () => {
      const entry = find(name);
      const target = folders.data(name);
      await ready(entry, target);
      entry.mountedBy.set(containerId, (entry.mountedBy.get(containerId) ?? 0) + 1);
      if (use !== undefined) publish('mount', name, { container: containerId, ...useAttributes(use) });
      return target;
    });
  }

  async function unmount(name: string, containerId: string): Promise<void> {
    await locks.run(name, () => {
      const entry = entries.get(name);
      const places = entry?.mountedBy.get(containerId);
      if (entry === undefined || places === undefined) return;
      if (places > 1) entry.mountedBy.set(containerId, places - 1);
      else entry.mountedBy.delete(containerId);
      letGo(entry, folders.data(name));
      publish('unmount', name, { container: containerId });
    });
  }

  async function populate(name: string, root: string, path: string): Promise<void> {
    const entry = find(name);
    const target = folders.data(name);
    await ready(entry, target);
    try {
      await fill(target, root, path);
    } finally {
      letGo(entry, target);
    }
  }

  async function fill(target: string, root: string, path: string): Promise<void> {
    if ((await readdir(target, { encoding: 'buffer' })).length > 0) return;
    // Through a link at the end (`/var/run`): the mount goes there too.
    const source = await layers.stat(root, `${path}/.`).catch((error) => {
      if (isEngineError(error, 'not-found')) return undefined;
      throw error;
    });
    if (source === undefined || (source.mode & FILE_TYPE) !== DIRECTORY) return;
    await layers.copy({ from: { root, path: `${path}/.` }, to: { root: target, path: '/' }, contentsOnly: true });
    await chown(target, source.uid, source.gid);
    await chmod(target, source.mode & 0o7777);
  }

  return {
    create,
    async list(filters) {
      const matches = listFilter(filters);
      const found = [...entries].filter(([name, { record, users }]) =>
        matches({ name, record, isUsed: users.size > 0 }),
      );
      const volumes = found.map(([name, entry]) => toVolume(name, folders.data(name), entry.record));
      return { Volumes: volumes, Warnings: null };
    },
    inspect: async (name) => toVolume(name, folders.data(name), find(name).record),
    async remove(name, force) {
      if (force && !entries.has(name)) return;
      await removeNow(name, false);
    },
    prune,
    acquire: (name, containerId) => void find(name).users.add(containerId),
    release: (name, containerId) => void entries.get(name)?.users.delete(containerId),
    users: (name) => [...(entries.get(name)?.users ?? [])],
    isAnonymous: (name) => isAnonymous(find(name).record),
    mountpoint,
    unmount,
    populate: (name, root, path) => locks.run(name, () => populate(name, root, path)),
    async size(name) {
      find(name);
      return await diskUsage(folders.data(name));
    },
  };
}

const orNull = (map: Record<string, string>): Record<string, string> | null =>
  Object.keys(map).length === 0 ? null : map;

/** To the second, as Docker shows it. */
const timestamp = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

const useAttributes = ({ destination, isWritable, propagation }: VolumeUse): Record<string, string> => ({
  destination,
  propagation: propagation ?? '',
  'read/write': String(isWritable),
});

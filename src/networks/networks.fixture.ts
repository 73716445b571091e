import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Metadata } from '../store/index.ts';
import type { Networks, SandboxRequest } from './contract.ts';
import { createNetworks } from './create-networks.ts';
import type { NetworksConfig } from './needs.ts';

/** `{ skip: NEEDS_ROOT }`: false where these tests can run, else why not. */
export const NEEDS_ROOT = process.getuid?.() === 0 ? false : 'needs root';

/** A metadata store that keeps its rows in memory, so that a "restarted" room finds them again. */
export function memoryMetadata(): Metadata {
  const rows = new Map<string, { bucket: string; key: string; value: unknown }>();
  return {
    async load<T>(bucket: string): Promise<{ key: string; value: T }[]> {
      return [...rows.values()]
        .filter((row) => row.bucket === bucket)
        .map(({ key, value }) => ({ key, value: value as T }));
    },
    async write(changes) {
      for (const change of changes) {
        const id = `${change.bucket}/${change.key}`;
        if ('put' in change)
          rows.set(id, { bucket: change.bucket, key: change.key, value: structuredClone(change.put) });
        else rows.delete(id);
      }
    },
    async close() {},
  };
}

export interface Fixture extends AsyncDisposable {
  root: string;
  device: string;
  table: string;
  metadata: Metadata;
  events: { action: string; container: string | undefined; name: string | undefined }[];
  warnings: string[];
  /** A room over the same roots and rows: what a restarted daemon makes. */
  start(config?: NetworksConfig): Promise<Networks>;
}

/** Roots, rows and a bridge of this test's own, all gone at its end. */
export async function networksFixture(): Promise<Fixture> {
  const root = await mkdtemp(join(tmpdir(), 'berth-networks-'));
  const device = `bt${randomBytes(4).toString('hex')}`;
  const metadata = memoryMetadata();
  const events: Fixture['events'] = [];
  const warnings: string[] = [];
  const started: Networks[] = [];
  return {
    root,
    device,
    table: `berth-${device}`,
    metadata,
    events,
    warnings,
    async start(config = {}) {
      const networks = await createNetworks({
        execRoot: root,
        metadata,
        events: {
          publish: (_type, action, { attributes }) =>
            void events.push({ action, container: attributes?.['container'], name: attributes?.['name'] }),
        },
        now: Date.now,
        config: { bridgeName: device, ...config },
        warn: (message) => void warnings.push(message),
      });
      started.push(networks);
      return networks;
    },
    async [Symbol.asyncDispose]() {
      const last = started.at(-1);
      await last?.sweep(new Set());
      await last?.shutdown();
      await rm(root, { recursive: true, force: true });
    },
  };
}

export function sandboxRequest(id: string, rest: Partial<SandboxRequest> = {}): SandboxRequest {
  return {
    id,
    name: `name-${id}`,
    hostname: id.slice(0, 12),
    domainname: '',
    mode: 'bridge',
    endpoints: {},
    exposedPorts: [],
    portBindings: {},
    publishAllPorts: false,
    dns: [],
    dnsSearch: [],
    dnsOptions: [],
    extraHosts: [],
    links: [],
    ...rest,
  };
}

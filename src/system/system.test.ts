import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { createSystem } from './create-system.ts';
import { cgroupFacts, osReleaseValue } from './kernel.ts';
import type { SystemNeeds } from './needs.ts';
import { limitWarnings } from './warnings.ts';

const NEEDS: SystemNeeds = {
  engine: {
    version: '1.2.3',
    id: 'an-id',
    dataRoot: '/data',
    labels: ['a=b'],
    isDebug: false,
    isLiveRestore: true,
    initBinary: 'tini',
  },
  runtime: { name: 'crun', path: '/usr/bin/crun', version: '1.28' },
  storage: { driver: 'overlay2', status: [['Backing Filesystem', 'extfs']] },
  containerCounts: () => ({ total: 6, running: 1, paused: 2, stopped: 3 }),
  imageCount: async () => 4,
  loggingDriver: 'json-file',
  warnings: ['crun is old'],
  now: () => new Date(0),
};

test('version names us and the versions of the API we speak', () => {
  const version = createSystem(NEEDS).version();
  assert.equal(version.Version, '1.2.3');
  assert.equal(version.ApiVersion, '1.51');
  assert.equal(version.MinAPIVersion, '1.24');
  assert.deepEqual(
    version.Components?.map(({ Name }) => Name),
    ['Engine', 'crun'],
  );
});

test('info says what the rooms say, and keeps the password of a proxy to itself', async () => {
  process.env.HTTPS_PROXY = 'http://user:secret@proxy:3128/';
  const info = await createSystem(NEEDS).info();
  delete process.env.HTTPS_PROXY;
  assert.deepEqual(
    [info.Containers, info.ContainersRunning, info.ContainersPaused, info.ContainersStopped, info.Images],
    [6, 1, 2, 3, 4],
  );
  assert.equal(info.HttpsProxy, 'http://xxxxx:xxxxx@proxy:3128/');
  assert.ok(!JSON.stringify(info).includes('secret'));
  assert.ok(info.Warnings?.includes('crun is old'));
  assert.equal(info.DefaultRuntime, 'crun');
  assert.equal(info.OSType, 'linux');
});

test('what can be limited is read from the hierarchy’s files', () => {
  const root = mkdtempSync(join(tmpdir(), 'berth-cgroup-'));
  const put = (file: string, text = ''): void => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  try {
    put('memory/memory.limit_in_bytes');
    put('cpu,cpuacct/cpu.shares');
    const v1 = cgroupFacts(root);
    assert.deepEqual(
      [v1.version, v1.memory, v1.swap, v1.cpuShares, v1.cpuQuota, v1.pids],
      ['1', true, false, true, false, false],
    );
    assert.deepEqual(limitWarnings(v1, false).slice(0, 2), [
      'WARNING: No swap limit support',
      'WARNING: No kernel memory TCP limit support',
    ]);
    assert.ok(limitWarnings(v1, false).includes('WARNING: IPv4 forwarding is disabled'));
    put('cgroup.controllers', 'cpuset cpu memory pids\n');
    const v2 = cgroupFacts(root);
    assert.deepEqual([v2.version, v2.memory, v2.swap, v2.cpuQuota, v2.pids], ['2', true, true, true, true]);
    assert.deepEqual(limitWarnings(v2, true), []);
  } finally {
    rmSync(root, { recursive: true });
  }
});

test('os-release values come with and without quotes', () => {
  const text = 'NAME=Arch\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=\'x\'\n';
  assert.equal(osReleaseValue(text, 'PRETTY_NAME'), 'Debian GNU/Linux 12 (bookworm)');
  assert.equal(osReleaseValue(text, 'NAME'), 'Arch');
  assert.equal(osReleaseValue(text, 'ID'), 'x');
  assert.equal(osReleaseValue(text, 'NOPE'), undefined);
});

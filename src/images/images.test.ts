import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEngineError } from '../errors/index.ts';
import { type Digest, digestOf } from '../oci/index.ts';
import type { Change, Metadata, SnapshotKey } from '../store/index.ts';
import { parseConfigFile } from './config-file.ts';
import type { ImageLayer } from './contract.ts';
import { findImage, getImage } from './find-image.ts';
import { ImageTable } from './image-table.ts';
import { parsePlatform } from './import.ts';
import { imageHistory } from './inspect.ts';
import { listImages } from './list.ts';
import { parseRepoTag } from './tag.ts';

const metadata = (): Metadata => ({
  load: async () => [],
  write: async (_changes: Change[]) => {},
  close: async () => {},
});

interface Sample {
  created?: string;
  names?: string[];
  labels?: Record<string, string>;
  parent?: Digest;
  steps?: { created_by: string; empty_layer?: boolean }[];
}

async function tableOf(samples: Record<string, Sample>): Promise<{ table: ImageTable; ids: Record<string, Digest> }> {
  const table = await ImageTable.load(metadata());
  const ids: Record<string, Digest> = {};
  for (const [key, { created, names = [], labels, parent, steps = [] }] of Object.entries(samples)) {
    const count = steps.filter((step) => step.empty_layer !== true).length;
    const layers = Array.from({ length: count }, (_, i): ImageLayer => {
      const diffId = digestOf(`${key} ${i}`);
      return { diffId, snapshot: diffId as string as SnapshotKey, sizeBytes: 10 ** i };
    });
    const rootfs = { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) };
    const config = JSON.stringify({ key, os: 'linux', created, config: { Labels: labels }, rootfs, history: steps });
    const id = digestOf(config);
    ids[key] = id;
    await table.put(id, { config, layers, ...(parent === undefined ? {} : { parent }) });
    await table.putNames(id, names, 0);
  }
  return { table, ids };
}

const needs = { containersUsing: () => [], now: () => Date.parse('2026-02-01T00:00:00Z') };

test('list filters', async () => {
  const { table, ids } = await tableOf({
    old: { created: '2026-01-01T00:00:00Z', names: ['docker.io/library/old:1', 'docker.io/library/old:2'] },
    middle: { created: '2026-01-02T00:00:00.5Z', labels: { a: '1' } },
    young: { created: '2026-01-03T00:00:00Z', names: ['docker.io/team/young:latest'], labels: { a: '2' } },
  });
  const cases: [filters: Record<string, string[]>, keys: string[]][] = [
    [{}, ['young', 'middle', 'old']],
    [{ dangling: ['true'] }, ['middle']],
    [{ dangling: ['false'] }, ['young', 'old']],
    [{ label: ['a'] }, ['young', 'middle']],
    [{ label: ['a=1'] }, ['middle']],
    [{ before: ['team/young'] }, ['middle', 'old']],
    [{ since: ['old:1'] }, ['young', 'middle']],
    [{ since: ['old:2'], before: ['team/young:latest'] }, ['middle']],
    [{ until: ['2026-01-02T12:00:00Z'] }, ['middle', 'old']],
    [{ reference: ['old'] }, ['old']],
    [{ reference: ['*/*'] }, ['young']],
    [{ reference: ['none'] }, []],
  ];
  for (const [filters, keys] of cases) {
    const found = listImages(table, needs, { all: false, filters, sharedSize: false });
    assert.deepEqual(
      found.map(({ Id }) => Id),
      keys.map((key) => ids[key]),
      JSON.stringify(filters),
    );
  }
  const [old] = listImages(table, needs, { all: false, filters: { reference: ['old:2'] }, sharedSize: false });
  assert.deepEqual(old?.RepoTags, ['old:2']);
  assert.throws(
    () => listImages(table, needs, { all: false, filters: { before: ['nosuch'] }, sharedSize: false }),
    (error) => isEngineError(error, 'not-found') && error.message === 'No such image: nosuch:latest',
  );
});

test('unnamed parents show with all only', async () => {
  const first = await tableOf({ parent: {} });
  const parent = first.ids['parent'];
  const { table, ids } = await tableOf({ parent: {}, child: parent === undefined ? {} : { parent } });
  const idsOf = (all: boolean): (string | undefined)[] =>
    listImages(table, needs, { all, filters: {}, sharedSize: false }).map(({ Id }) => Id);
  assert.deepEqual(idsOf(false), [ids['child']]);
  assert.equal(idsOf(true).length, 2);
});

test('history: sizes by layer, newest first, ids and tags where an image stands', async () => {
  const { table, ids } = await tableOf({
    app: {
      created: '2026-01-01T00:00:00Z',
      names: ['docker.io/library/app:1'],
      steps: [{ created_by: 'ADD' }, { created_by: 'ENV', empty_layer: true }, { created_by: 'RUN' }],
    },
  });
  const found = imageHistory(table, getImage(table, 'app:1'));
  assert.deepEqual(
    found.map(({ Id, CreatedBy, Size, Tags }) => [Id, CreatedBy, Size, Tags]),
    [
      [ids['app'], 'RUN', 10, ['app:1']],
      ['<missing>', 'ENV', 0, null],
      ['<missing>', 'ADD', 1, null],
    ],
  );
});

test('an image is found by name, id and beginning of an id', async () => {
  const { table, ids } = await tableOf({ app: { names: ['docker.io/library/app:latest'] }, other: {} });
  const id = ids['app'] ?? digestOf('');
  const hex = id.slice(7);
  for (const word of [
    'app',
    'app:latest',
    'docker.io/library/app',
    `app@${id}`,
    id,
    hex,
    hex.slice(0, 12),
    id.slice(0, 19),
  ])
    assert.equal(findImage(table, word)?.image.id, id, word);
  for (const word of ['app:2', 'nosuch', digestOf('nosuch'), `other@${id}`])
    assert.equal(findImage(table, word), undefined, word);
});

test('repo and tag of a request', () => {
  const good: [repository: string, tag: string, path: string | undefined, got: string | undefined][] = [
    ['', 'x', undefined, undefined],
    ['app', '', 'library/app', 'latest'],
    ['app:1', '', 'library/app', '1'],
    ['app:1', '2', 'library/app', '2'],
  ];
  for (const [repository, tag, path, got] of good) {
    const found = parseRepoTag(repository, tag);
    assert.deepEqual([found?.path, found?.tag], [path, got]);
  }
  const bad: [repository: string, tag: string, message: string][] = [
    ['a', 'b c', 'invalid tag format'],
    ['sha256', 'x', 'refusing to create an ambiguous tag using digest algorithm as name'],
    [`a@${digestOf('')}`, '', 'cannot import digest reference'],
    ['Foo', '', 'invalid reference format: repository name (library/Foo) must be lowercase'],
  ];
  for (const [repository, tag, message] of bad)
    assert.throws(() => parseRepoTag(repository, tag), { message }, repository);
});

test('platforms of an import', () => {
  const host = { os: 'linux', architecture: 'amd64' };
  assert.deepEqual(parsePlatform(undefined, host), host);
  assert.deepEqual(parsePlatform('linux', host), host);
  assert.deepEqual(parsePlatform('aarch64', host), { os: 'linux', architecture: 'arm64' });
  assert.deepEqual(parsePlatform('linux/arm/v7', host), { os: 'linux', architecture: 'arm', variant: 'v7' });
  assert.throws(() => parsePlatform('windows/amd64', host), { message: 'operating system is not supported' });
  assert.throws(() => parsePlatform('a/b/c/d', host), {
    message: '"a/b/c/d": cannot parse platform specifier: invalid argument',
  });
});

test('configs that the engine could not rely on are refused', () => {
  const diffIds = (count: number): string[] => Array.from({ length: count }, (_, i) => digestOf(String(i)));
  const rootfs = { type: 'layers', diff_ids: diffIds(1) };
  const bad: unknown[] = [
    [],
    {},
    { rootfs: { diff_ids: 'x' } },
    { rootfs: { diff_ids: ['sha512:00'] } },
    { rootfs: { diff_ids: diffIds(129) } },
    { rootfs, os: 1 },
    { rootfs, config: { Env: 'A=1' } },
    { rootfs, config: { Cmd: [1] } },
    { rootfs, config: { Volumes: ['/x'] } },
    { rootfs, config: { User: {} } },
    { rootfs, history: [1] },
  ];
  for (const config of bad)
    assert.throws(
      () => parseConfigFile(Buffer.from(JSON.stringify(config))),
      (error) => isEngineError(error, 'invalid-parameter') && error.code === 'invalid-image-config',
      JSON.stringify(config),
    );
  assert.equal(parseConfigFile(Buffer.from(JSON.stringify({ rootfs }))).config.os, 'linux');
  const many = { rootfs: { diff_ids: diffIds(128) } };
  assert.equal(parseConfigFile(Buffer.from(JSON.stringify(many))).config.rootfs.diff_ids.length, 128);
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isEngineError } from '../errors/index.ts';
import type { SnapshotKey } from '../store/index.ts';
import { BUSYBOX, type Files, openWorkshop, type Workshop } from './build.kernel.support.ts';

const skip = BUSYBOX === undefined ? 'needs a static busybox on this machine' : false;

let workshop: Workshop;
before(async () => {
  if (skip === false) workshop = await openWorkshop();
});
after(() => workshop?.[Symbol.asyncDispose]());

/** Builds, expects success, gives the files of the image. */
async function files(context: Files, options: Parameters<Workshop['build']>[1] = {}): Promise<Record<string, string>> {
  const { error, id } = await workshop.build(context, { ...options, tags: ['x'] });
  assert.equal(error, undefined, String((error as Error | undefined)?.stack));
  assert.ok(id);
  return workshop.listing('x');
}

/** Nothing of any build is left: folders, mounts, temporary snapshots, processes. */
async function assertClean(): Promise<void> {
  for (let i = 0; i < 50 && readdirSync(join(workshop.dir, 'build')).length > 0; i++)
    await new Promise((r) => setTimeout(r, 20));
  assert.deepEqual(readdirSync(join(workshop.dir, 'build')), []);
  assert.equal(readFileSync('/proc/self/mounts', 'utf8').includes(`${workshop.dir}/build`), false);
  const left = (await workshop.snapshots.list()).filter(({ kind }) => kind !== 'committed');
  assert.deepEqual(left, []);
  assert.equal(workshop.running.size, 0);
}

const STAGE =
  'FROM busybox AS a\nRUN mkdir -p /d/e && echo hi > /d/e/f && ln -s f /d/e/sl && chown -R 5:6 /d && chmod 700 /d && ln -s /d /ln && ln -s /d/e/f /flink\nFROM busybox\n';
const CONTEXT: Files = {
  'a.txt': { content: Buffer.from('A'), mode: 0o600 },
  'b.txt': 'B',
  'sub/deep/c': 'C',
  lnk: { link: 'sub' },
};

/** Dockerfile (after the stage above) and what must be where: as BuildKit of dockerd 28 leaves it. */
const copies: [string, Record<string, string>][] = [
  ['COPY a.txt /x', { x: 'f 600 0:0 A' }],
  ['COPY a.txt b.txt /x/', { x: 'd 755 0:0', 'x/a.txt': 'f 600 0:0 A', 'x/b.txt': 'f 644 0:0 B' }],
  ['COPY *.txt /new/deep/', { 'new/deep/a.txt': 'f 600 0:0 A', 'new/deep/b.txt': 'f 644 0:0 B' }],
  ['COPY sub /s', { s: 'd 755 0:0', 's/deep/c': 'f 644 0:0 C' }],
  ['COPY lnk /s', { 's/deep/c': 'f 644 0:0 C' }],
  ['COPY . /all', { 'all/lnk': 'l 777 0:0 sub', 'all/sub/deep/c': 'f 644 0:0 C' }],
  ['COPY --chown=7:8 sub /n/p', { n: 'd 755 7:8', 'n/p': 'd 755 7:8', 'n/p/deep/c': 'f 644 7:8 C' }],
  ['COPY --chown=app b.txt /x', { x: 'f 644 1500:1501 B' }],
  ['COPY --chown=app:staff b.txt /x', { x: 'f 644 1500:50 B' }],
  ['COPY --chown=9 b.txt /x', { x: 'f 644 9:9 B' }],
  ['COPY --chmod=604 a.txt /x', { x: 'f 604 0:0 A' }],
  ['COPY --chmod=u=rwX,go=rX a.txt sub /x/', { 'x/a.txt': 'f 644 0:0 A', 'x/deep': 'd 755 0:0' }],
  ['COPY --from=a /d /c', { c: 'd 755 0:0', 'c/e': 'd 755 5:6', 'c/e/f': 'f 644 5:6 hi\n', 'c/e/sl': 'l 777 5:6 f' }],
  ['COPY --from=0 /d/e/f /d/e/sl /n/', { n: 'd 755 0:0', 'n/f': 'f 644 5:6 hi\n', 'n/sl': 'f 644 5:6 hi\n' }],
  ['COPY --from=a /ln /c', { 'c/e/f': 'f 644 5:6 hi\n' }],
  ['COPY --from=a /flink /fl', { fl: 'f 644 5:6 hi\n' }],
  ['COPY --from=busybox /etc/group /g', { g: 'f 644 0:0 root:x:0:\nstaff:x:50:\n' }],
  [
    'RUN mkdir /t && ln -s /t /tl && ln -s /t/new /dang && ln -s old /t/rel\nCOPY b.txt /tl\nCOPY b.txt /dang\nCOPY b.txt /t/rel',
    { 't/b.txt': 'f 644 0:0 B', 't/new': 'f 644 0:0 B', 't/old': 'f 644 0:0 B', tl: 'l 777 0:0 /t' },
  ],
  ['RUN ln -s /../../tmp /esc\nCOPY b.txt /esc/', { 'tmp/b.txt': 'f 644 0:0 B' }],
  ['COPY ../../b.txt /../../x', { x: 'f 644 0:0 B' }],
  [
    'WORKDIR /w/x\nCOPY b.txt .\nCOPY b.txt sub/',
    { 'w/x': 'd 755 0:0', 'w/x/b.txt': 'f 644 0:0 B', 'w/x/sub/b.txt': 'f 644 0:0 B' },
  ],
  ['USER app\nWORKDIR /w/x', { w: 'd 755 1500:1501', 'w/x': 'd 755 1500:1501' }],
  ['USER 12:13\nWORKDIR /tmp/y', { tmp: 'd 1777 0:0', 'tmp/y': 'd 755 12:13' }],
  ['ENV E=v\nCOPY <<one <<"two" /h/\n$E\none\n$E\ntwo\n', { 'h/one': 'f 644 0:0 v\n', 'h/two': 'f 644 0:0 $E\n' }],
  ['COPY <<one /h\n1\none\n', { h: 'f 644 0:0 1\n' }],
  ['RUN <<E\nset -e\necho 1 > /one\nE\n', { one: 'f 644 0:0 1\n' }],
  ['COPY --link --chown=3:4 b.txt /l/x', { l: 'd 755 3:4', 'l/x': 'f 644 3:4 B' }],
  ['COPY --parents sub/./deep/c a.txt /p/', { 'p/deep/c': 'f 644 0:0 C', 'p/a.txt': 'f 600 0:0 A' }],
  ['COPY --parents sub/*/c /p/', { 'p/sub/deep/c': 'f 644 0:0 C' }],
  ['ADD b.txt /x', { x: 'f 644 0:0 B' }],
];
for (const [dockerfile, expected] of copies) {
  test(`files after ${JSON.stringify(dockerfile)}`, { skip }, async () => {
    const found = await files({ ...CONTEXT, Dockerfile: STAGE + dockerfile });
    const shown = Object.fromEntries(
      Object.keys(expected).map((path) => [path, found[path]?.replace(/^l (.*) B$/, 'l $1')]),
    );
    assert.deepEqual(shown, expected);
  });
}

test('what is excluded or hidden stays away', { skip }, async () => {
  const context = { ...CONTEXT, '.dockerignore': 'Dockerfile\n.dockerignore\n', 'sub/x.log': 'L' };
  const found = await files({
    ...context,
    Dockerfile: 'FROM busybox\nCOPY --exclude=*.txt --exclude=**/*.log . /all/\n',
  });
  assert.deepEqual(
    Object.keys(found)
      .filter((path) => path.startsWith('all'))
      .toSorted(),
    ['all', 'all/lnk', 'all/sub', 'all/sub/deep', 'all/sub/deep/c'],
  );
});

for (const [name, compress] of Object.entries({
  'a.tar': 'cat',
  'a.tgz': 'gzip',
  'a.tar.bz2': 'bzip2',
  'a.tar.xz': 'xz',
})) {
  test(`ADD unpacks ${name}, COPY does not`, { skip }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-add-'));
    writeFileSync(join(folder, 'inner'), 'I');
    const tar = spawnSync('sh', ['-c', `tar c --owner=21 --group=22 -C ${folder} inner | ${compress}`]).stdout;
    rmSync(folder, { recursive: true });
    const found = await files({
      [name]: { content: tar },
      Dockerfile: `FROM busybox\nADD ${name} /u/v\nADD --chown=3 ${name} /w/\nCOPY ${name} /c\n`,
    });
    assert.equal(found['u/v/inner'], 'f 644 21:22 I');
    assert.equal(found['w/inner'], 'f 644 3:3 I');
    assert.match(found['c'] ?? '', /^f 644 0:0/);
  });
}

test('B-01: links in the context lead nowhere outside it', { skip }, async () => {
  const secret = join(tmpdir(), 'berth-secret');
  writeFileSync(secret, 'SECRET');
  const bad = { up: { link: '../../../../../../../../etc' }, abs: { link: '/etc' }, file: { link: secret } };
  for (const source of ['up/passwd', 'abs/passwd', 'file', 'up', 'abs']) {
    const { error } = await workshop.build({ ...bad, Dockerfile: `FROM busybox\nCOPY ${source} /x\n` });
    assert.match((error as Error)?.message, /^COPY failed: file not found in build context/, source);
  }
  const found = await files({
    ...bad,
    Dockerfile: 'FROM busybox\nCOPY . /x\nADD file* /y/\n'.replace('ADD file* /y/\n', ''),
  });
  assert.equal(found['x/file'], `l 777 0:0 ${secret}`);
  for (const dockerfile of ['up/passwd', 'file', '/etc/passwd']) {
    const { error } = await workshop.build({ ...bad, Dockerfile: 'FROM busybox\n' }, { dockerfile });
    assert.match((error as Error)?.message, /^Cannot locate specified Dockerfile/, dockerfile);
  }
  rmSync(secret);
});

test('B-02: destinations through links of the image stay in the image', { skip }, async () => {
  const outside = mkdtempSync(join(tmpdir(), 'berth-outside-'));
  const lines = [`RUN ln -s ${outside} /abs && ln -s ../../../../../../../..${outside} /rel && mkdir -p ${outside}`];
  lines.push('COPY b.txt /abs/1', 'COPY sub /rel/2', 'WORKDIR /abs/3', 'ADD b.txt /rel/4');
  const found = await files({ ...CONTEXT, Dockerfile: `FROM busybox\n${lines.join('\n')}\n` });
  assert.deepEqual(readdirSync(outside), []);
  for (const name of ['1', '2', '3', '4']) assert.ok(found[`${outside.slice(1)}/${name}`], name);
  rmSync(outside, { recursive: true });
});

test('a RUN that changes nothing adds no layer', { skip }, async () => {
  await files({ Dockerfile: 'FROM busybox\nRUN true\nRUN echo x > /x\nRUN true\n' });
  const image = workshop.images.get('x:latest');
  assert.equal(image?.layers.length, 2);
  assert.deepEqual(
    image?.config.history?.map((entry) => entry.empty_layer ?? false),
    [false, true, false, true],
  );
  const added = image?.layers.at(-1)?.snapshot as SnapshotKey;
  assert.deepEqual(
    (await workshop.layers.changes(added)).map(({ path }) => path),
    ['/x'],
  );
});

test('a cached build gives the same image, after a restart too, and runs nothing', { skip }, async () => {
  const context = { ...CONTEXT, Dockerfile: 'FROM busybox\nENV a=b\nCOPY a.txt /a\nRUN echo $a > /b\nLABEL c=d\n' };
  const first = await workshop.build(context);
  const runs = workshop.ran.length;
  assert.equal((await workshop.build(context)).id, first.id);
  await workshop.reopen();
  const third = await workshop.build(context);
  assert.equal(third.id, first.id);
  assert.deepEqual(Object.values(third.reasons), ['hit', 'hit', 'hit', 'hit']);
  assert.equal(workshop.ran.length, runs);
});

test('why a step runs', { skip }, async () => {
  const dockerfile = 'FROM busybox\nWORKDIR /why\nCOPY package.json lock ./\nRUN echo install\nCOPY . .\nCMD x\n';
  const context: Files = { 'package.json': '1', lock: '1', 'src/a.js': '1', Dockerfile: dockerfile };
  const options = { tags: ['why'] };
  const reasons = async (files_: Files, more = {}): Promise<string[]> =>
    Object.values((await workshop.build({ ...context, ...files_ }, { ...options, ...more })).reasons);
  const anew = 'the step before it ran anew';
  assert.deepEqual(await reasons({}), Array(5).fill('it was not built before'));
  assert.deepEqual(await reasons({}), ['hit', 'hit', 'hit', 'hit', 'hit']);
  assert.deepEqual(await reasons({ 'src/a.js': '2' }), [
    'hit',
    'hit',
    'hit',
    'the contents of the source folder changed',
    anew,
  ]);
  assert.deepEqual((await reasons({ 'package.json': '2' })).slice(0, 3), [
    'hit',
    'the contents of package.json changed',
    anew,
  ]);
  assert.deepEqual((await reasons({ Dockerfile: dockerfile.replace('install', 'i') })).slice(0, 3), [
    'hit',
    'hit',
    'the instruction changed',
  ]);
  assert.deepEqual(await reasons({}, { noCache: true }), Array(5).fill('--no-cache'));
});

test('a file touched but not changed is a hit', { skip }, async () => {
  const dockerfile = 'FROM busybox\nCOPY f /touched\n';
  await workshop.build({ f: 'same', Dockerfile: dockerfile });
  assert.deepEqual((await workshop.build({ f: 'same', Dockerfile: dockerfile })).reasons, { 2: 'hit' });
  assert.notEqual(
    (await workshop.build({ f: { content: Buffer.from('same'), mode: 0o755 }, Dockerfile: dockerfile })).reasons[2],
    'hit',
  );
});

test('SOURCE_DATE_EPOCH: the same digests every time, without the cache', { skip }, async () => {
  const context = {
    ...CONTEXT,
    Dockerfile: 'FROM busybox\nWORKDIR /w\nCOPY . .\nRUN mkdir d && echo x > d/f && touch /tmp/t\nENV a=b\n',
  };
  const request = { noCache: true, buildArgs: { SOURCE_DATE_EPOCH: '1700000000' }, tags: ['epoch'] };
  const one = await workshop.build(context, request);
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const two = await workshop.build(context, request);
  assert.ok(one.id);
  assert.equal(two.id, one.id);
  const config = workshop.images.get('epoch:latest')?.config;
  assert.equal(config?.created, '2023-11-14T22:13:20Z');
  assert.deepEqual(new Set(config?.history?.slice(1).map((entry) => entry.created)), new Set(['2023-11-14T22:13:20Z']));
});

test('stages run side by side; those not needed do not run', { skip }, async () => {
  const stage = (name: string): string => `FROM busybox AS ${name}\nRUN sleep 1; echo ${name} > /${name}\n`;
  const dockerfile = `${stage('a')}${stage('b')}FROM busybox AS never\nRUN false\nFROM busybox\nCOPY --from=a /a /\nCOPY --from=b /b /\n`;
  const started = performance.now();
  const found = await files({ Dockerfile: dockerfile }, { noCache: true });
  assert.ok(performance.now() - started < 1900, `${performance.now() - started} ms`);
  assert.equal(found['a'], 'f 644 0:0 a\n');
  assert.equal(found['b'], 'f 644 0:0 b\n');
});

test('a stage whose files are copied from cache is not even looked at', { skip }, async () => {
  const dockerfile = 'FROM busybox AS compile\nRUN echo out > /out\nFROM busybox\nCOPY --from=compile /out /bin-out\n';
  const first = await workshop.build({ Dockerfile: dockerfile }, { tags: ['lazy'] });
  const kept = new Set([...workshop.images.values()].flatMap((image) => image.layers.map((layer) => layer.snapshot)));
  await workshop.builder.prune({}, false);
  assert.ok((await workshop.snapshots.list()).every(({ key }) => kept.has(key)));
  // Pruning took the stage's layer and, without `all`, left the image's record alone.
  const runs = workshop.ran.length;
  const again = await workshop.build({ Dockerfile: dockerfile }, { tags: ['lazy'] });
  assert.equal(again.id, first.id);
  assert.equal(workshop.ran.length, runs);
});

test('a failure names its line, its reason and what to do; what came before is cached', { skip }, async () => {
  const dockerfile = 'FROM busybox\nRUN echo ok > /ok\nCOPY pakage.json /\n';
  const failed = await workshop.build({ 'package.json': '', Dockerfile: dockerfile });
  assert.ok(isEngineError(failed.error, 'invalid-parameter'));
  assert.deepEqual(failed.error.detail['range'], { startLine: 3, endLine: 3 });
  assert.equal(failed.error.detail['suggestion'], 'did you mean package.json?');
  assert.equal((await workshop.build({ 'pakage.json': '', Dockerfile: dockerfile })).reasons[2], 'hit');
  const run = await workshop.build({ Dockerfile: 'FROM busybox\nRUN nosuchcommand\n' });
  assert.ok(isEngineError(run.error, 'system'));
  assert.equal(run.error.message, "The command '/bin/sh -c nosuchcommand' returned a non-zero code: 127");
  assert.match(String(run.error.detail['suggestion']), /^nosuchcommand is not in this image/);
  await assertClean();
});

test('one stage fails: the others are stopped', { skip }, async () => {
  const dockerfile =
    'FROM busybox AS slow\nRUN sleep 30\nFROM busybox AS bad\nRUN sleep 0.2; exit 7\nFROM busybox\nCOPY --from=slow / /s\nCOPY --from=bad / /b\n';
  const started = performance.now();
  const { error } = await workshop.build({ Dockerfile: dockerfile });
  assert.match((error as Error).message, /returned a non-zero code: 7$/);
  assert.ok(performance.now() - started < 5000);
  await assertClean();
});

test('a client that goes away stops the step and leaves nothing', { skip }, async () => {
  const stop = new AbortController();
  setTimeout(() => stop.abort(), 300);
  const { error } = await workshop.build(
    { Dockerfile: 'FROM busybox\nRUN echo x > /x; sleep 30\n' },
    { noCache: true },
    stop.signal,
  );
  assert.ok(isEngineError(error, 'cancelled'), String(error));
  await assertClean();
});

test('what a killed daemon left is swept at the next start', { skip }, async () => {
  const key = 'build-0123456789abcdef-1' as SnapshotKey;
  const target = join(workshop.dir, 'build/0123456789abcdef/mnt-1');
  mkdirSync(target, { recursive: true });
  (await workshop.snapshots.prepare(key)).mount(target);
  writeFileSync(join(target, 'x'), 'x');
  await workshop.reopen();
  await assertClean();
  assert.equal(existsSync(target), false);
});

test('a truncated or broken context is a clear error and leaves nothing', { skip }, async () => {
  async function* broken(): AsyncIterable<Uint8Array> {
    yield Buffer.concat([Buffer.from('Dockerfile'), Buffer.alloc(600, 1)]);
  }
  const { error } = await workshop.build({}, { context: broken() });
  assert.ok(isEngineError(error), String(error));
  await assertClean();
});

test('B-10: a flood of output is clipped', { skip }, async () => {
  const { events, error } = await workshop.build(
    { Dockerfile: 'FROM busybox\nRUN yes | head -c 50000000\n' },
    { noCache: true },
  );
  assert.equal(error, undefined);
  const shown = events.reduce((sum, event) => sum + (event.type === 'step-output' ? event.data.length : 0), 0);
  assert.ok(shown <= 2.1 * 1024 * 1024, `${shown}`);
});

test('prune --all takes every record, and layers that no image has', { skip }, async () => {
  await workshop.build(
    { Dockerfile: 'FROM busybox AS a\nRUN echo $$ > /1\nFROM busybox\nCOPY --from=a /1 /2\n' },
    { tags: ['pruned'] },
  );
  const { CachesDeleted } = await workshop.builder.prune({}, true);
  assert.ok(CachesDeleted && CachesDeleted.length > 0);
  assert.deepEqual(await workshop.builder.cacheRecords(), []);
  assert.ok((await workshop.listing('pruned'))['2']);
  await assertClean();
});

test('layers that a running build stands on are held, and only then', { skip }, async () => {
  const dockerfile = 'FROM busybox\nRUN echo held > /held\nRUN sleep 0.5\n';
  const building = workshop.build({ Dockerfile: dockerfile }, { noCache: true });
  await new Promise((resolve) => setTimeout(resolve, 300));
  const used = (await workshop.snapshots.list()).filter(({ key }) => workshop.builder.isSnapshotUsed(key));
  const { CachesDeleted } = await workshop.builder.prune({}, true);
  assert.equal(used.length, 2);
  const records = await workshop.builder.cacheRecords();
  assert.deepEqual(
    records.map(({ Description }) => Description),
    ['RUN echo held > /held'],
  );
  assert.ok(!CachesDeleted?.includes(records[0]?.ID ?? ''));
  const { error } = await building;
  assert.equal(error, undefined);
  assert.ok(used.every(({ key }) => !workshop.builder.isSnapshotUsed(key)));
});

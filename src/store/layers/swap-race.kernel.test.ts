// L-03 of security.md: while somebody inside swaps a folder for a link to the host, nothing outside is read or changed.
import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { isEngineError } from '../../errors/index.ts';
import { formatHeader, padOf, TAR_END, tarEntry } from '../../lib/index.ts';
import { createSnapshots } from '../snapshots/snapshots.ts';
import { createLayers } from './layers.ts';

// The operations make and replace the same names under way: what is missing or in the way is put right each time.
const SWAPPER = `
  const { renameSync, rmSync, symlinkSync } = require('node:fs');
  const { workerData } = require('node:worker_threads');
  const { root, outside, state } = workerData;
  const flags = new Int32Array(state);
  const attempt = (work) => {
    try {
      work();
      return true;
    } catch {
      return false;
    }
  };
  const move = (from, to) => attempt(() => renameSync(root + '/' + from, root + '/' + to));
  while (Atomics.load(flags, 0) === 0) {
    attempt(() => symlinkSync(outside, root + '/link'));
    if (!move('x', 'real')) attempt(() => rmSync(root + '/real', { recursive: true, force: true }));
    if (move('link', 'x')) Atomics.add(flags, 1, 1);
    move('x', 'link');
    move('real', 'x');
  }`;

test('L-03 swapping a folder and a link during every operation', async () => {
  const folder = mkdtempSync('/tmp/berth-swap-');
  const [root, outside] = [join(folder, 'root'), join(folder, 'outside')];
  for (const path of [join(root, 'x'), join(root, 'from'), outside]) mkdirSync(path, { recursive: true });
  writeFileSync(join(outside, 'secret'), 'TOP-SECRET', { mode: 0o600 });
  writeFileSync(join(root, 'x/secret'), 'of the root');
  writeFileSync(join(root, 'from/f'), 'f');
  symlinkSync(outside, join(root, 'link'));
  const before = lstatSync(join(outside, 'secret'), { bigint: true });
  const layers = createLayers({ snapshots: await createSnapshots({ dir: join(folder, 'snapshots') }) });
  const state = new SharedArrayBuffer(8);
  const flags = new Int32Array(state);
  const swapper = new Worker(SWAPPER, { eval: true, workerData: { root, outside, state } });

  const body = Buffer.from('written');
  const tar = Buffer.concat([
    formatHeader(tarEntry('directory', 'x/', { mode: 0o700 })),
    formatHeader(tarEntry('file', 'x/evil', { sizeBytes: body.length })),
    body,
    Buffer.alloc(padOf(body.length)),
    TAR_END,
  ]);
  const operations: (() => Promise<unknown>)[] = [
    () => layers.extract(root, '/from', Readable.from([tar], { objectMode: false })),
    () => layers.extract(root, '/x', Readable.from([tar], { objectMode: false })),
    async () => Buffer.concat(await Array.fromAsync((await layers.archive(root, '/x/')).tar as AsyncIterable<Buffer>)),
    async () =>
      Buffer.concat(await Array.fromAsync((await layers.archive(root, '/x/secret')).tar as AsyncIterable<Buffer>)),
    () => layers.readFile(root, '/x/secret'),
    () => layers.stat(root, '/x/secret'),
    () => layers.mkdirs(root, '/x/made/deep'),
    () => layers.copy({ from: { root, path: '/from' }, to: { root, path: '/x' }, contentsOnly: true }),
    () => layers.copy({ from: { root, path: '/x/secret' }, to: { root, path: '/from/copied' } }),
    () => layers.contentHash(root, '/x'),
    () => layers.glob(root, 'x/*'),
  ];
  try {
    const ends = performance.now() + 2500;
    while (performance.now() < ends)
      for (const operation of operations) {
        try {
          const got = await operation();
          assert.ok(!(Buffer.isBuffer(got) && got.includes('TOP-SECRET')), 'the secret was read');
        } catch (error) {
          // A folder that is away for a moment is an error, and only of ours.
          assert.ok(isEngineError(error), String(error));
        }
      }
    assert.ok((flags[1] ?? 0) > 1000, `${flags[1]} swaps`);
    assert.deepEqual(readdirSync(outside), ['secret']);
    const after = lstatSync(join(outside, 'secret'), { bigint: true });
    assert.deepEqual(
      [after.mode, after.mtimeNs, after.ctimeNs, after.nlink],
      [before.mode, before.mtimeNs, before.ctimeNs, before.nlink],
    );
    for (const path of readdirSync(join(root, 'from'))) {
      if (lstatSync(join(root, 'from', path)).isFile())
        assert.ok(!readFileSync(join(root, 'from', path)).includes('TOP-SECRET'), path);
    }
  } finally {
    Atomics.store(flags, 0, 1);
    await swapper.terminate();
    rmSync(folder, { recursive: true, force: true });
  }
});

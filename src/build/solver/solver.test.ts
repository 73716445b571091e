import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/index.ts';
import type { Change, Metadata, SnapshotKey } from '../../store/index.ts';
import { createStepCache } from '../cache/cache.ts';
import { createVertex, type Vertex } from '../graph/vertex.ts';
import { createSolver, type Solved, type Solver } from './solver.ts';

/** A machine by hand: a step's result is its name and what it stood on, or what `results` says. */
function machine(): {
  ran: string[];
  results: Map<string, string>;
  files: Map<string, string>;
  committed: Set<string>;
  solver(options?: { noCache?: boolean; epoch?: number }): Promise<Solver>;
} {
  const rows = new Map<string, unknown>();
  const metadata: Metadata = {
    load: async <T>() => [...rows].map(([key, value]) => ({ key, value: structuredClone(value) as T })),
    write: async (changes: Change[]) => {
      for (const change of changes)
        'put' in change ? rows.set(change.key, structuredClone(change.put)) : rows.delete(change.key);
    },
    close: async () => {},
  };
  const committed = new Set<string>();
  const ran: string[] = [];
  const results = new Map<string, string>();
  const files = new Map<string, string>();
  const flights = new Map<string, Promise<Solved>>();
  const find = async (key: SnapshotKey) =>
    committed.has(key) ? { key, kind: 'committed' as const, parent: undefined } : undefined;
  return {
    ran,
    results,
    files,
    committed,
    // A new cache each time: what counts is what was written.
    async solver({ noCache = false, epoch } = {}) {
      const solver: Solver = createSolver({
        cache: await createStepCache(metadata, { find }),
        snapshots: { commit: async (name) => void committed.add(name) },
        flights,
        hold: () => {},
        noCache,
        sourceDateEpoch: epoch,
        now: () => 0,
        contentOf: async ({ op, inputs: [, tree] }) => {
          if (op.kind !== 'copy' || tree === undefined) return [];
          const root =
            tree.op.kind === 'context'
              ? 'context'
              : ((await solver.solve(tree, '', silent)).layers.at(-1)?.snapshot ?? '');
          return op.sources.map((path) => [path, files.get(path) ?? root]);
        },
        run: async (vertex, parent) => {
          ran.push(vertex.name);
          await new Promise((resolve) => setImmediate(resolve));
          const result = results.get(vertex.name) ?? `${vertex.name} on ${parent}`;
          if (result === '') return {};
          return { key: 'active' as SnapshotKey, diffId: digestOf(result), sizeBytes: 1 };
        },
      });
      return solver;
    },
  };
}

const silent = { containerId: '', running: async () => {}, output: () => {} };
const base = createVertex('base', { kind: 'scratch' });
const context = createVertex('context', { kind: 'context' });
const run = (name: string, on: Vertex = base): Vertex =>
  createVertex(
    name,
    {
      kind: 'run',
      args: [name],
      env: [],
      proxyEnv: [],
      cwd: '/',
      user: '',
      networkMode: 'none',
      extraHosts: [],
      scripts: [],
    },
    [on],
  );
const copy = (name: string, from: Vertex, on: Vertex = base): Vertex =>
  createVertex(
    name,
    {
      kind: 'copy',
      instruction: 'COPY',
      sources: [name],
      inline: [],
      dest: '/',
      parents: false,
      exclude: [],
      unpack: false,
    },
    [on, from],
  );

test('steps run once, then come from the cache, restart or not', async () => {
  const { ran, solver } = machine();
  const last = run('b', run('a'));
  const first = await (await solver()).solve(last, '', silent);
  assert.deepEqual(ran, ['a', 'b']);
  const second = await (await solver()).solve(last, '', silent);
  assert.deepEqual(ran, ['a', 'b']);
  assert.deepEqual(second.layers, first.layers);
  assert.equal(second.cache.hit, true);
});

test('--no-cache runs all, each once per build', async () => {
  const { ran, solver } = machine();
  const shared = run('a');
  await (await solver()).solve(shared, '', silent);
  const again = await solver({ noCache: true });
  await Promise.all([again.solve(run('b', shared), '', silent), again.solve(run('c', run('a')), '', silent)]);
  assert.deepEqual(ran.toSorted(), ['a', 'a', 'b', 'c']);
});

test('a copied file decides by its content', async () => {
  const { ran, files, results, solver } = machine();
  const steps = run('install', copy('package.json', context));
  const put = (text: string): void => {
    files.set('package.json', text);
    results.set('package.json', text);
  };
  put('1');
  await (await solver()).solve(steps, '', silent);
  await (await solver()).solve(steps, '', silent);
  assert.deepEqual(ran, ['package.json', 'install']);
  put('2');
  await (await solver()).solve(steps, '', silent);
  assert.deepEqual(ran, ['package.json', 'install', 'package.json', 'install']);
  put('1');
  await (await solver()).solve(steps, '', silent);
  assert.equal(ran.length, 4);
});

test('a copy from a cached stage does not need the stage, not even its files', async () => {
  const { ran, committed, solver } = machine();
  const stage = run('compile');
  const final = copy('bin', stage);
  await (await solver()).solve(final, '', silent);
  assert.deepEqual(ran, ['bin', 'compile'].toSorted());
  committed.delete(digestOf('compile on undefined'));
  const again = await solver();
  assert.equal(await again.isKnown(final), true);
  await again.solve(final, '', silent);
  assert.equal(ran.length, 2);
});

test('a stage made in another way that gives the same file is a hit by content', async () => {
  const { ran, files, solver } = machine();
  files.set('bin', 'same');
  await (await solver()).solve(copy('bin', run('compile v1')), '', silent);
  ran.length = 0;
  await (await solver()).solve(copy('bin', run('compile v2')), '', silent);
  assert.deepEqual(ran, ['compile v2']);
  await (await solver()).solve(copy('bin', run('compile v2')), '', silent);
  assert.deepEqual(ran, ['compile v2']);
});

test('a step that changes nothing adds no layer and is cached', async () => {
  const { ran, results, solver } = machine();
  results.set('nothing', '');
  const last = run('after', run('nothing', run('a')));
  const { layers } = await (await solver()).solve(last, '', silent);
  assert.equal(layers.length, 2);
  await (await solver()).solve(last, '', silent);
  assert.deepEqual(ran, ['a', 'nothing', 'after']);
});

test('a record whose snapshot is gone is a miss', async () => {
  const { ran, committed, solver } = machine();
  await (await solver()).solve(run('a'), '', silent);
  committed.clear();
  await (await solver()).solve(run('a'), '', silent);
  assert.deepEqual(ran, ['a', 'a']);
});

test('builds that overlap share equal steps', async () => {
  const { ran, solver } = machine();
  const [one, two] = [await solver(), await solver()];
  const results = await Promise.all([one.solve(run('a'), '', silent), two.solve(run('a'), '', silent)]);
  assert.deepEqual(ran, ['a']);
  assert.deepEqual(results.map((result) => result.cache.hit).toSorted(), [false, true]);
});

test('another SOURCE_DATE_EPOCH is another layer', async () => {
  const { ran, solver } = machine();
  await (await solver({ epoch: 1 })).solve(run('a'), '', silent);
  await (await solver({ epoch: 2 })).solve(run('a'), '', silent);
  assert.deepEqual(ran, ['a', 'a']);
});

test('a failed step is not remembered', async () => {
  const { ran, solver, results } = machine();
  const broken = await solver();
  const failing = { ...silent, running: async () => Promise.reject(new Error('boom')) };
  await assert.rejects(broken.solve(run('a'), '', failing), /boom/);
  results.set('a', 'fine');
  await (await solver()).solve(run('a'), '', silent);
  assert.deepEqual(ran, ['a']);
});

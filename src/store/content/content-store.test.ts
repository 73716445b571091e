import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { isEngineError } from '../../errors/index.ts';
import { type Digest, digestHex, digestOf } from '../../oci/index.ts';
import { createContentStore } from './content-store.ts';
import type { ContentStore } from './contract.ts';

let dir: string;
let store: ContentStore;
before(async () => {
  dir = mkdtempSync(join(tmpdir(), 'berth-content-'));
  store = await createContentStore({ dir });
});
after(() => rmSync(dir, { recursive: true }));

async function* chunks(...parts: (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) {
    if (part instanceof Error) throw part;
    yield Buffer.from(part);
  }
}
const code = (expected: string) => (error: unknown) => isEngineError(error) && error.code === expected;
const fileOf = (digest: Digest): string => join(dir, 'blobs/sha256', digestHex(digest));
const all = async (digest: Digest, range?: { start: number; end?: number }): Promise<string> =>
  Buffer.concat(await Array.fromAsync((await store.open(digest, range)) as AsyncIterable<Buffer>)).toString();
/** Everything on disk. */
const listing = (): string[] => readdirSync(dir, { recursive: true }).map(String).sort();

test('what goes in comes out, whole or in part', async () => {
  const { digest, sizeBytes } = await store.ingest(chunks('hello ', 'world'));
  assert.deepEqual([digest, sizeBytes], [digestOf('hello world'), 11]);
  assert.equal(await store.has(digest), true);
  assert.equal(await store.size(digest), 11);
  assert.equal(await all(digest), 'hello world');
  assert.equal(await all(digest, { start: 6 }), 'world');
  assert.equal(await all(digest, { start: 0, end: 4 }), 'hello');
  assert.equal((await store.read(digest)).toString(), 'hello world');
  assert.equal(await store.putBytes(Buffer.from('hello world')), digest);
  assert.ok((await Array.fromAsync(store.walk())).some((blob) => blob.digest === digest && blob.sizeBytes === 11));
});

test('an empty blob', async () => {
  const { digest } = await store.ingest(chunks());
  assert.equal(await all(digest), '');
});

const wrong: [
  what: string,
  source: () => AsyncIterable<Uint8Array>,
  expected: { digest?: Digest; sizeBytes?: number },
][] = [
  ['another digest', () => chunks('data'), { digest: digestOf('other') }],
  ['too short', () => chunks('dat'), { sizeBytes: 4 }],
  ['too long', () => chunks('data', 'more'), { sizeBytes: 4 }],
  ['cut short', () => chunks('da'), { digest: digestOf('data'), sizeBytes: 4 }],
];
for (const [what, source, expected] of wrong)
  test(`L-08 refused and nothing kept: ${what}`, async () => {
    const before = listing();
    await assert.rejects(store.ingest(source(), expected), code('digest-mismatch'));
    assert.deepEqual(listing(), before);
  });

test('a source that stops reading early is closed when the blob is too long', async () => {
  let isClosed = false;
  async function* endless(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(1000);
    } finally {
      isClosed = true;
    }
  }
  await assert.rejects(store.ingest(endless(), { sizeBytes: 5000 }), code('digest-mismatch'));
  assert.equal(isClosed, true);
});

test('a source that fails, and one that is cancelled, leave nothing', async () => {
  const before = listing();
  await assert.rejects(store.ingest(chunks('part', new Error('connection reset'))), /connection reset/);
  const abort = new AbortController();
  async function* slow(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    abort.abort();
    yield Buffer.from('b');
  }
  await assert.rejects(store.ingest(slow(), {}, abort.signal), code('cancelled'));
  assert.deepEqual(listing(), before);
});

test('the same blob at once, many times', async () => {
  const digests = await Promise.all(Array.from({ length: 8 }, () => store.ingest(chunks('at once'))));
  assert.equal(new Set(digests.map((one) => one.digest)).size, 1);
  assert.deepEqual(readdirSync(join(dir, 'ingest')), []);
});

test('damage on disk is told while reading, not passed on as content', async () => {
  const { digest } = await store.ingest(chunks('precious'));
  writeFileSync(fileOf(digest), 'precioux');
  await assert.rejects(all(digest), code('corrupt-blob'));
  await assert.rejects(store.read(digest), code('corrupt-blob'));
  truncateSync(fileOf(digest), 3);
  await assert.rejects(all(digest), code('corrupt-blob'));
  // The same content again heals it.
  await store.ingest(chunks('precious'));
  assert.equal(await all(digest), 'precious');
});

test('limits and absence', async () => {
  const absent = digestOf('absent');
  const { digest } = await store.ingest(chunks('x'.repeat(100)));
  await assert.rejects(store.read(digest, 99), code('blob-too-large'));
  assert.equal(await store.has(absent), false);
  for (const ask of [() => store.size(absent), () => store.open(absent), () => store.read(absent)])
    await assert.rejects(ask(), code('no-such-blob'));
  await store.delete(absent);
  await store.delete(digest);
  await store.delete(digest);
  assert.equal(await store.has(digest), false);
});

test('what a crash left in ingest is gone at the next start; blobs and strangers stay', async () => {
  const { digest } = await store.ingest(chunks('stays'));
  writeFileSync(join(dir, 'ingest/left-over'), 'half');
  mkdirSync(join(dir, 'ingest/folder'));
  writeFileSync(join(dir, 'blobs/sha256/not-a-digest'), '');
  const again = await createContentStore({ dir });
  assert.deepEqual(readdirSync(join(dir, 'ingest')), []);
  assert.equal(await again.has(digest), true);
  assert.ok(!(await Array.fromAsync(again.walk())).some((blob) => blob.digest.includes('not')));
  assert.ok(existsSync(join(dir, 'blobs/sha256/not-a-digest')));
});

test('others on the host cannot look inside', () => {
  for (const path of ['blobs/sha256', 'ingest']) assert.equal(statSync(join(dir, path)).mode & 0o077, 0, path);
});

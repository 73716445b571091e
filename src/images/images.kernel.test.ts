// The whole room on a real store: needs root and overlay. Checks L-08, L-13 and the round trip of L-15 of security.md.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { afterEach, beforeEach, test } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { isEngineError } from '../errors/index.ts';
import { digestHex, digestOf } from '../oci/index.ts';
import { filesOf, type Gallery, openGallery, tarOf, tarOfFiles } from './images.kernel.support.ts';

const ROOT = tarOf(
  ['directory', 'bin/', { mtimeSec: 1000 }],
  ['file', 'bin/tool', { body: 'x'.repeat(5000), mode: 0o4755, mtimeSec: 1001, mtimeNsec: 5 }],
  ['file', 'odd\x1b\nname', { body: 'odd', xattrs: new Map([['user.note', Buffer.from('n')]]) }],
  ['symlink', 'sh', { linkName: Buffer.from('bin/tool') }],
);
const OTHER = tarOf(['file', 'other', { body: 'other' }]);

let gallery: Gallery;
beforeEach(async () => {
  gallery = await openGallery();
});
afterEach(() => gallery[Symbol.asyncDispose]());

const kindOf = (kind: Parameters<typeof isEngineError>[1], text: string | RegExp) => (error: unknown) => {
  assert.ok(isEngineError(error, kind), String(error));
  if (typeof text === 'string') assert.equal(error.message, text);
  else assert.match(error.message, text);
  return true;
};

test('import records an image with its history, name and events', async () => {
  const id = await gallery.importTar(ROOT, 'app:1', { changes: ['run'], message: 'hello' });
  const inspect = await gallery.images.inspect('app:1');
  assert.equal(inspect.Id, id);
  assert.deepEqual(inspect.RepoTags, ['app:1']);
  assert.deepEqual(inspect.RootFS, { Type: 'layers', Layers: [digestOf(ROOT)] });
  assert.equal(inspect.Comment, 'hello');
  assert.deepEqual(inspect.Config?.Cmd, ['run']);
  assert.equal(inspect.Size, 5011);
  assert.deepEqual(gallery.events, ['tag app:1', `import ${id}`]);
  const history = await gallery.images.history(id);
  assert.deepEqual(
    history.map(({ Id, Comment, Size, Tags }) => ({ Id, Comment, Size, Tags })),
    [{ Id: id, Comment: 'hello', Size: 5011, Tags: ['app:1'] }],
  );
});

test('a layer has the same diff id whatever it was compressed with', async () => {
  for (const tar of [ROOT, gzipSync(ROOT), zstdCompressSync(ROOT)]) {
    const id = await gallery.importTar(tar);
    assert.deepEqual((await gallery.images.inspect(id)).RootFS?.Layers, [digestOf(ROOT)]);
    assert.equal(
      (await filesOf(await gallery.save(id))).get(`blobs/sha256/${digestHex(digestOf(ROOT))}`)?.equals(ROOT),
      true,
    );
  }
});

test('a truncated import leaves nothing', async () => {
  const before = await gallery.contents();
  for (const tar of [ROOT.subarray(0, 3000), gzipSync(ROOT).subarray(0, 100)])
    await assert.rejects(gallery.importTar(tar, 'app'), (error) => isEngineError(error, 'invalid-parameter'));
  assert.deepEqual(await gallery.contents(), before);
});

test('save, remove, load, save gives the same bytes; a restart changes nothing', async () => {
  const one = await gallery.importTar(ROOT, 'app:1');
  await gallery.images.tag(one, 'reg.example:5000/team/app', 'x');
  const two = await gallery.importTar(gzipSync(OTHER), 'other');
  const names = ['app', 'reg.example:5000/team/app:x', 'other:latest'];
  const first = await gallery.save(...names);
  const files = await filesOf(first);
  const manifest = JSON.parse(String(files.get('manifest.json')));
  assert.deepEqual(
    manifest.map((item: { RepoTags: string[] }) => item.RepoTags),
    [['app:1', 'reg.example:5000/team/app:x'], ['other:latest']],
  );
  for (const [name, body] of files)
    if (name.startsWith('blobs/')) assert.equal(name, `blobs/sha256/${digestHex(digestOf(body))}`);
  for (const id of [one, two]) await gallery.images.remove(id, { force: true, noPrune: false });
  assert.deepEqual(await gallery.contents(), []);
  assert.deepEqual(await gallery.load(gzipSync(first)), [
    { stream: 'Loaded image: app:1\n' },
    { stream: 'Loaded image: reg.example:5000/team/app:x\n' },
    { stream: 'Loaded image: other:latest\n' },
  ]);
  assert.equal((await gallery.save(...names)).equals(first), true);
  const contents = await gallery.contents();
  assert.equal(
    contents.some((name) => name.includes('leftovers') || name.includes('unpack')),
    false,
  );
  await gallery.reopen();
  assert.deepEqual(await gallery.contents(), contents);
  assert.equal((await gallery.save(...names)).equals(first), true);
});

test('an image without a name is loaded by its id', async () => {
  const id = await gallery.importTar(ROOT);
  const archive = await gallery.save(id);
  assert.deepEqual(await gallery.load(archive), [{ stream: `Loaded image ID: ${id}\n` }]);
});

test('a name that moves says so', async () => {
  const one = await gallery.importTar(ROOT, 'app');
  const archive = await gallery.save('app');
  await gallery.importTar(OTHER, 'app');
  const old = gallery.images.get('app').id;
  assert.deepEqual(await gallery.load(archive), [
    { stream: `The image app:latest already exists, renaming the old one with ID ${old} to empty string\n` },
    { stream: 'Loaded image: app:latest\n' },
  ]);
  assert.equal(gallery.images.get('app').id, one);
});

test('an OCI layout is loaded, its compressed blobs kept', async () => {
  await gallery.importTar(gzipSync(ROOT), 'app');
  const saved = await filesOf(await gallery.save('app'));
  const image = gallery.images.get('app');
  const gzipped = gzipSync(ROOT, { level: 9 });
  const blobs = new Map<string, Buffer>();
  const put = (bytes: Buffer, mediaType: string) => {
    const digest = digestOf(bytes);
    blobs.set(`./blobs/sha256/${digestHex(digest)}`, bytes);
    return { mediaType: `application/vnd.oci.image.${mediaType}`, digest, size: bytes.length };
  };
  const config = put(saved.get(`blobs/sha256/${digestHex(image.id)}`) ?? Buffer.alloc(0), 'config.v1+json');
  const layer = put(gzipped, 'layer.v1.tar+gzip');
  const manifest = put(Buffer.from(JSON.stringify({ schemaVersion: 2, config, layers: [layer] })), 'manifest.v1+json');
  const platform = { os: 'linux', architecture: 'amd64' };
  const list = put(
    Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, platform }] })),
    'index.v1+json',
  );
  const annotations = { 'io.containerd.image.name': 'docker.io/library/laid:out' };
  const index = { schemaVersion: 2, manifests: [{ ...list, annotations }] };
  const archive = tarOfFiles([...blobs, ['./index.json', JSON.stringify(index)], ['./oci-layout', '{}']]);
  await gallery.images.remove('app', { force: false, noPrune: false });
  assert.deepEqual(await gallery.load(archive), [{ stream: 'Loaded image: laid:out\n' }]);
  const loaded = gallery.images.get('laid:out');
  assert.equal(loaded.id, image.id);
  assert.equal(loaded.target?.digest, manifest.digest);
  assert.equal(loaded.layers[0]?.blob?.digest, layer.digest);
  assert.equal(gunzipSync(gzipped).equals(ROOT), true);
});

test('hostile and damaged archives are refused, and the store is as before', async () => {
  await gallery.importTar(ROOT, 'app');
  const archive = await gallery.save('app');
  const files = await filesOf(archive);
  await gallery.images.remove('app', { force: false, noPrune: false });
  await gallery.importTar(OTHER, 'kept');
  const before = await gallery.contents();
  const layer = `blobs/sha256/${digestHex(digestOf(ROOT))}`;
  const [manifest] = JSON.parse(String(files.get('manifest.json')));
  const config = files.get(manifest.Config)?.toString() ?? '';
  const manifestOf = (change: object): Buffer => Buffer.from(JSON.stringify([{ ...manifest, ...change }]));
  const withFiles = (...changes: [string, string | Buffer][]): Buffer => tarOfFiles(new Map([...files, ...changes]));
  const docOf = (change: object): [string, string | Buffer][] => [['manifest.json', manifestOf(change)]];
  const cases: Record<string, Buffer> = {
    'no archive': Buffer.from('hello'),
    empty: tarOf(),
    'cut short': archive.subarray(0, archive.length - 4000),
    'a cut gzip': gzipSync(archive).subarray(0, 500),
    'another blob under the name': withFiles([layer, OTHER]),
    'a layer of another diff id': withFiles(['l.tar', OTHER], ...docOf({ Layers: ['l.tar'] })),
    'a config with another diff id': withFiles(
      ['c.json', config.replace(digestOf(ROOT), digestOf('x'))],
      ...docOf({ Config: 'c.json' }),
    ),
    'sha512 in the config': withFiles(
      ['c.json', config.replace('"sha256:', '"sha512:')],
      ...docOf({ Config: 'c.json' }),
    ),
    'a path as digest': withFiles(
      ['c.json', config.replace(digestOf(ROOT), 'sha256:../x')],
      ...docOf({ Config: 'c.json' }),
    ),
    'a config outside': withFiles(...docOf({ Config: '../../etc/passwd' })),
    'a layer outside': withFiles(...docOf({ Layers: ['/etc/passwd'] })),
    'no layers': withFiles(...docOf({ Layers: [] })),
    'a bad tag': withFiles(...docOf({ RepoTags: ['BAD:tag'] })),
    'a name without tag': withFiles(...docOf({ RepoTags: ['app'] })),
    'broken JSON': withFiles(['manifest.json', '[{']),
    'a manifest of 5 MiB': withFiles(['manifest.json', `[${' '.repeat(5 << 20)}]`]),
    'a config of 21 MiB': withFiles(['c.json', config.padEnd(21 << 20)], ...docOf({ Config: 'c.json' })),
    '100,000 images': withFiles(['manifest.json', JSON.stringify(Array(100_000).fill({ Config: 'c' }))]),
    'a name outside': tarOf(['file', '../x', { body: 'x' }]),
    'a linked manifest': tarOf(['symlink', 'manifest.json', { linkName: Buffer.from('/etc/passwd') }]),
    'a linked layer outside': tarOf(['symlink', 'a/layer.tar', { linkName: Buffer.from('../../etc/passwd') }]),
    'a hard link': tarOf(['hardlink', 'manifest.json', { linkName: Buffer.from('/etc/passwd') }]),
    'a device': tarOf(['character', 'manifest.json', { deviceMajor: 1, deviceMinor: 5 }]),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    await assert.rejects(gallery.load(bytes), (error) => {
      assert.ok(isEngineError(error, 'invalid-parameter'), `${name}: ${error}`);
      return true;
    });
    assert.deepEqual(await gallery.contents(), before, name);
  }
  assert.deepEqual(await gallery.load(archive), [{ stream: 'Loaded image: app:latest\n' }]);
});

test("docker's old archives: links between layers, and the last of equal names wins", async () => {
  const config = (diffIds: string[]): string =>
    JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs: { type: 'layers', diff_ids: diffIds } });
  const manifest = [{ Config: 'c.json', RepoTags: ['old:1'], Layers: ['a/layer.tar', 'b/layer.tar'] }];
  const archive = tarOf(
    ['file', 'c.json', { body: 'garbage' }],
    ['file', 'a/layer.tar', { body: ROOT }],
    ['symlink', 'b/layer.tar', { linkName: Buffer.from('../a/layer.tar') }],
    ['file', 'c.json', { body: config([digestOf(ROOT), digestOf(ROOT)]) }],
    ['file', 'manifest.json', { body: JSON.stringify(manifest) }],
  );
  assert.deepEqual(await gallery.load(archive), [{ stream: 'Loaded image: old:1\n' }]);
  assert.equal(gallery.images.get('old:1').layers.length, 2);
  await gallery.images.remove('old:1', { force: false, noPrune: false });
  assert.deepEqual(await gallery.contents(), []);
});

test('removal: names, conflicts and what goes with the image', async () => {
  const id = await gallery.importTar(ROOT, 'app:1');
  const short = digestHex(id as never).slice(0, 12);
  const diffId = digestOf(ROOT);
  await gallery.images.tag(id, 'app', '2');
  await gallery.images.tag(id, 'other', '');
  const remove = (name: string, force = false) => gallery.images.remove(name, { force, noPrune: false });
  await assert.rejects(
    remove(id),
    kindOf(
      'conflict',
      `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
    ),
  );
  assert.deepEqual(await remove('other'), [{ Untagged: 'other:latest' }]);
  assert.deepEqual(await remove('app:2'), [{ Untagged: 'app:2' }]);
  gallery.containers.set(id, [{ id: 'c'.repeat(64), name: 'c', isRunning: false }]);
  await assert.rejects(
    remove('app:1'),
    kindOf(
      'conflict',
      `conflict: unable to remove repository reference "app:1" (must force) - container cccccccccccc is using its referenced image ${short}`,
    ),
  );
  gallery.containers.set(id, [{ id: 'd'.repeat(64), name: 'd', isRunning: true }]);
  await assert.rejects(
    remove(short, true),
    kindOf(
      'conflict',
      `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container dddddddddddd`,
    ),
  );
  gallery.containers.clear();
  assert.deepEqual(await remove('app:1'), [{ Untagged: 'app:1' }, { Deleted: id }, { Deleted: diffId }]);
  assert.deepEqual(await gallery.contents(), []);
  await assert.rejects(remove('app:1'), kindOf('not-found', 'No such image: app:1'));
});

test('a layer that another image or a build needs stays as long as it is needed', async () => {
  const one = await gallery.importTar(ROOT, 'one');
  await gallery.importTar(ROOT, 'two', { message: 'two' });
  assert.deepEqual(await gallery.images.remove('one', { force: false, noPrune: false }), [
    { Untagged: 'one:latest' },
    { Deleted: one },
  ]);
  gallery.usedSnapshots.add(digestOf(ROOT));
  await gallery.images.remove('two', { force: false, noPrune: false });
  const listed = `image-leftovers snapshot:${digestOf(ROOT)}`;
  assert.deepEqual(await gallery.contents(), [listed, `snapshot ${digestOf(ROOT)}`]);
  gallery.usedSnapshots.clear();
  await gallery.reopen();
  await gallery.images.remove(await gallery.importTar(OTHER), { force: false, noPrune: false });
  assert.deepEqual(await gallery.contents(), []);
});

test('prune removes what has no name, and with dangling=false what no container uses', async () => {
  await gallery.importTar(OTHER);
  const used = await gallery.importTar(ROOT, 'used');
  gallery.containers.set(used, [{ id: 'c'.repeat(64), name: 'c', isRunning: false }]);
  await gallery.importTar(ROOT, 'unused', { message: 'unused' });
  const dangling = await gallery.images.prune({});
  assert.equal(dangling.SpaceReclaimed, 5);
  assert.equal(dangling.ImagesDeleted?.length, 2);
  const all = await gallery.images.prune({ dangling: ['false'] });
  assert.equal(all.ImagesDeleted?.[0]?.Untagged, 'unused:latest');
  assert.deepEqual(
    gallery.images.all().map(({ id }) => id),
    [used],
  );
});

test('an image removed while it is saved is saved whole', async () => {
  await gallery.importTar(ROOT, 'app');
  const stream = await gallery.images.save(['app'], new AbortController().signal);
  await gallery.images.remove('app', { force: false, noPrune: false });
  const files = await filesOf(Buffer.concat(await stream.toArray()));
  assert.equal(files.get(`blobs/sha256/${digestHex(digestOf(ROOT))}`)?.equals(ROOT), true);
});

test('a daemon that dies when all is unpacked but nothing recorded leaves nothing', async () => {
  await gallery.importTar(ROOT, 'app');
  const archive = await gallery.save('app');
  await gallery.images.remove('app', { force: false, noPrune: false });
  const hung = gallery.hangAtSync();
  void gallery.load(archive);
  await hung;
  assert.equal((await gallery.contents()).includes(`snapshot ${digestOf(ROOT)}`), true);
  await gallery.reopen();
  const id = await gallery.importTar(OTHER, 'other');
  await gallery.images.remove(id, { force: false, noPrune: false });
  assert.deepEqual(await gallery.contents(), []);
});

test('a daemon that dies in the middle of a load leaves nothing', async () => {
  await gallery.importTar(ROOT, 'app');
  const archive = await gallery.save('app');
  await gallery.images.remove('app', { force: false, noPrune: false });
  const { promise: isThere, resolve: arrived } = Promise.withResolvers<void>();
  const stuck = async function* (): AsyncGenerator<Buffer> {
    yield archive.subarray(0, archive.length - 2048);
    arrived();
    await new Promise(() => {});
  };
  void gallery.load(stuck());
  await isThere;
  assert.equal(
    (await gallery.contents()).some((name) => name.startsWith('image-leftovers blob:')),
    true,
  );
  await gallery.reopen();
  assert.deepEqual(await gallery.contents(), []);
});

test('a tar compressed with xz becomes a layer of our own making, which is saved and loaded like any other', async () => {
  const { status, stdout } = spawnSync('/usr/bin/xz', ['-c'], { input: ROOT });
  assert.equal(status, 0);
  const id = await gallery.importTar(stdout, 'app');
  const [layer] = gallery.images.get(id).layers;
  assert.equal(layer?.blob, undefined);
  assert.equal(
    (await gallery.contents()).some((name) => name.startsWith('blob ')),
    false,
  );
  const archive = await gallery.save('app');
  await gallery.images.remove('app', { force: false, noPrune: false });
  assert.deepEqual(await gallery.load(archive), [{ stream: 'Loaded image: app:latest\n' }]);
  assert.equal((await gallery.save('app')).equals(archive), true);
  // Now the layer is here, and the blob that comes with it is another one of the same files.
  await gallery.load(archive);
  assert.equal(gallery.images.all().length, 1);
});

test('a blob that is not the layer that is here already is refused', async () => {
  await gallery.importTar(ROOT, 'app');
  const files = await filesOf(await gallery.save('app'));
  const [manifest] = JSON.parse(String(files.get('manifest.json')));
  for (const other of [OTHER, gzipSync(OTHER)]) {
    files.set('manifest.json', Buffer.from(JSON.stringify([{ ...manifest, Layers: ['l.tar'] }])));
    files.set('l.tar', other);
    await assert.rejects(
      gallery.load(tarOfFiles(files)),
      kindOf('invalid-parameter', `invalid diffID for layer 0: expected "${digestOf(ROOT)}", got "${digestOf(OTHER)}"`),
    );
  }
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { formatHeader, padOf, readTar, TAR_END, type TarEntry, TarError, TarParser, tarEntry } from '../tar.ts';
import { formatPax, formatPaxTime, parsePax, parsePaxTime } from './pax.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-tar-'));
after(() => rmSync(folder, { recursive: true }));

/** Parses bytes in pieces of `step`; contents laid out as in the file, holes as zeros. */
function parse(bytes: Buffer, step = bytes.length): { entry: TarEntry; body: Buffer }[] {
  const found: { entry: TarEntry; body: Buffer }[] = [];
  const parser = new TarParser({
    entry: (entry) => void found.push({ entry, body: Buffer.alloc(Math.min(entry.sizeBytes, 1 << 24)) }),
    data: (chunk, offset) => void chunk.copy(found.at(-1)?.body ?? Buffer.alloc(0), offset),
    entryEnd() {},
  });
  for (let at = 0; at < bytes.length; at += step) parser.write(bytes.subarray(at, at + step));
  parser.end();
  return found;
}

const member = (entry: TarEntry, body = ''): Buffer =>
  Buffer.concat([
    formatHeader({ ...entry, sizeBytes: body.length }),
    Buffer.from(body),
    Buffer.alloc(padOf(body.length)),
  ]);

const round: [what: string, entry: TarEntry][] = [
  ['a plain file', tarEntry('file', 'a/b', { mode: 0o4755, uid: 1000, gid: 5, mtimeSec: 1_700_000_000 })],
  ['a folder', tarEntry('directory', 'a/', { mode: 0o1777 })],
  ['a symlink', tarEntry('symlink', 'l', { linkName: Buffer.from('../x') })],
  ['a hard link', tarEntry('hardlink', 'h', { linkName: Buffer.from('a/b') })],
  ['a device', tarEntry('block', 'sda', { deviceMajor: 8, deviceMinor: 300 })],
  ['a fifo', tarEntry('fifo', 'p')],
  ['nanoseconds', tarEntry('file', 'n', { mtimeSec: 1, mtimeNsec: 120_000_000 })],
  ['a time before 1970', tarEntry('file', 'n', { mtimeSec: -2, mtimeNsec: 500_000_000 })],
  ['a name of 100 bytes', tarEntry('file', 'n'.repeat(100))],
  ['a name cut at a slash', tarEntry('file', `${'d'.repeat(120)}/${'n'.repeat(90)}`)],
  ['a name that cannot be cut', tarEntry('file', `${'d'.repeat(20)}/${'n'.repeat(200)}`)],
  ['a long link', tarEntry('symlink', 's', { linkName: Buffer.from('x'.repeat(300)) })],
  ['bytes that are not UTF-8', tarEntry('file', Buffer.from([0x63, 0xe9, 0x0a, 0x1b]))],
  ['a large owner', tarEntry('file', 'u', { uid: 4_000_000_000, gid: 3_000_000 })],
  ['attributes', tarEntry('file', 'x', { xattrs: new Map([['user.a', Buffer.from([0, 1, 255])]]) })],
];
for (const [what, entry] of round)
  test(`${what} comes back as it was written`, () => {
    const [got, ...more] = parse(Buffer.concat([formatHeader(entry), TAR_END]));
    assert.deepEqual(got?.entry, entry);
    assert.deepEqual(more, []);
  });

test('a header is ustar alone unless something needs more', () => {
  assert.equal(formatHeader(tarEntry('file', 'plain', { mtimeSec: 1 })).length, 512);
  assert.equal(formatHeader(tarEntry('file', 'ns', { mtimeNsec: 1 })).length, 1536);
});

test('any cut of the stream gives the same entries', () => {
  const bytes = Buffer.concat([
    member(tarEntry('file', 'n'.repeat(200)), 'x'.repeat(700)),
    member(tarEntry('directory', 'd/')),
    member(tarEntry('file', 'empty')),
    TAR_END,
  ]);
  const whole = parse(bytes);
  assert.equal(whole[0]?.body.toString(), 'x'.repeat(700));
  for (const step of [1, 7, 511, 512, 513]) assert.deepEqual(parse(bytes, step), whole);
});

for (const format of ['gnu', 'pax', 'ustar', 'v7'])
  test(`reads what GNU tar writes as ${format}`, () => {
    writeFileSync(join(folder, 'f'), 'hello');
    const [got] = parse(Buffer.from(execFileSync('tar', [`--format=${format}`, '-C', folder, '-c', 'f'])));
    assert.equal(got?.entry.name.toString(), 'f');
    assert.equal(got?.body.toString(), 'hello');
  });

test('reads long names of GNU tar', () => {
  const name = 'n'.repeat(220);
  writeFileSync(join(folder, name), 'x');
  const [got] = parse(Buffer.from(execFileSync('tar', ['--format=gnu', '-C', folder, '-c', name])));
  assert.equal(got?.entry.name.toString(), name);
});

const sparseForms: string[][] = [
  ['--format=gnu'],
  ['--format=pax', '--sparse-version=0.0'],
  ['--format=pax', '--sparse-version=0.1'],
  ['--format=pax', '--sparse-version=1.0'],
];
for (const form of sparseForms)
  test(`reads sparse files of GNU tar ${form.join(' ')}`, () => {
    const path = join(folder, 'sparse');
    writeFileSync(path, 'start');
    for (let part = 1; part < 12; part++) {
      truncateSync(path, part * 300_000);
      writeFileSync(path, `part${part}`, { flag: 'a' });
    }
    truncateSync(path, 5_000_000);
    const bytes = Buffer.from(
      execFileSync('tar', ['-S', ...form, '-C', folder, '-c', 'sparse'], { maxBuffer: 1 << 26 }),
    );
    assert.ok(bytes.length < 1_000_000, 'it is stored with holes');
    const [got] = parse(bytes, 1000);
    assert.equal(got?.entry.name.toString(), 'sparse');
    assert.equal(got?.entry.sizeBytes, 5_000_000);
    assert.equal(got?.body.toString('latin1', 300_000, 300_005), 'part1');
    assert.equal(
      got?.body.reduce((count, byte) => count + (byte === 0 ? 0 : 1), 0),
      5 + 9 * 5 + 2 * 6,
    );
    rmSync(path);
  });

test('GNU tar reads what is written here', () => {
  const path = join(folder, 'ours.tar');
  const name = `${'d'.repeat(130)}/${'n'.repeat(200)}`;
  writeFileSync(path, Buffer.concat([member(tarEntry('file', name, { mtimeSec: 9, mtimeNsec: 5 }), 'body'), TAR_END]));
  assert.equal(execFileSync('tar', ['-tf', path], { encoding: 'utf8' }).trim(), name);
  assert.equal(execFileSync('tar', ['-xOf', path], { encoding: 'utf8' }), 'body');
});

function patched(entry: TarEntry, change: (block: Buffer) => void): Buffer {
  const block = formatHeader(entry);
  change(block);
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
const extension = (flag: string, body: Buffer, sizeBytes = body.length): Buffer =>
  Buffer.concat([
    patched(tarEntry('file', 'x', { sizeBytes }), (block) => block.write(flag, 156)),
    body,
    Buffer.alloc(padOf(body.length)),
  ]);
const pax = (...records: [string, string][]): Buffer =>
  extension('x', formatPax(records.map(([key, value]) => [key, Buffer.from(value)])));
const file = formatHeader(tarEntry('file', 'f'));

test('base-256 numbers', () => {
  const block = patched(tarEntry('file', 'big'), (it) => {
    it.fill(0, 108, 116);
    it[108] = 0x80;
    it.writeUInt32BE(3_000_000_000, 112);
    it.fill(0xff, 136, 148);
    it[147] = 0xfe;
  });
  const [got] = parse(Buffer.concat([block, TAR_END]));
  assert.deepEqual([got?.entry.uid, got?.entry.mtimeSec], [3_000_000_000, -2]);
});

const refused: [what: string, bytes: Buffer, reason: TarError['reason']][] = [
  ['cut in a header', file.subarray(0, 300), 'truncated'],
  ['cut in contents', member(tarEntry('file', 'f'), 'x'.repeat(600)).subarray(0, 900), 'truncated'],
  ['cut after a PAX header', pax(['path', 'p']), 'truncated'],
  ['a wrong checksum', Buffer.from(file).fill('z', 0, 1), 'malformed'],
  ['text', Buffer.from('this is no tar file. '.repeat(50)), 'malformed'],
  ['an unknown type', patched(tarEntry('file', 'f'), (block) => block.write('Q', 156)), 'malformed'],
  ['a size that is no number', patched(tarEntry('file', 'f'), (block) => block.write('zzz', 124)), 'malformed'],
  ['a negative size', patched(tarEntry('file', 'f'), (block) => block.fill(0xff, 124, 136)), 'malformed'],
  ['a PAX length that lies', extension('x', Buffer.from('99 path=a\n')), 'malformed'],
  ['a PAX record without a newline', extension('x', Buffer.from('9 path=ab')), 'malformed'],
  ['a NUL in a PAX name', Buffer.concat([pax(['path', 'a\0b']), file]), 'malformed'],
  ['a PAX header of a gigabyte', extension('x', Buffer.alloc(0), 2 ** 30), 'limit'],
  ['a long name of 64 KiB', Buffer.concat([extension('L', Buffer.alloc(65536, 'n')), file]), 'limit'],
  ['a name of 5000 bytes', Buffer.concat([pax(['path', 'n'.repeat(5000)]), file]), 'limit'],
  [
    'a sparse map of 200,000 parts',
    Buffer.concat([pax(['GNU.sparse.size', '9'], ['GNU.sparse.map', '0,0,'.repeat(200_000).slice(0, -1)]), file]),
    'limit',
  ],
  [
    'a sparse map that goes back',
    Buffer.concat([pax(['GNU.sparse.size', '99'], ['GNU.sparse.map', '50,1,10,1']), file]),
    'malformed',
  ],
  [
    'a sparse map past the end',
    Buffer.concat([pax(['GNU.sparse.size', '9'], ['GNU.sparse.map', '5,10']), file]),
    'malformed',
  ],
];
for (const [what, bytes, reason] of refused)
  test(`refuses ${what}`, () => {
    assert.throws(
      () => parse(bytes),
      (error: unknown) => error instanceof TarError && error.reason === reason,
    );
  });

test('padding and end mark may be missing, as Go has it', () => {
  const whole = member(tarEntry('file', 'f'), 'x'.repeat(600));
  for (const end of [512 + 600, 512 + 700, 1536]) {
    const [got] = parse(whole.subarray(0, end));
    assert.equal(got?.body.toString(), 'x'.repeat(600));
  }
});

test('counts entries', () => {
  const parser = new TarParser({ entry() {}, data() {}, entryEnd() {} }, { entries: 3 });
  for (let i = 0; i < 3; i++) parser.write(file);
  assert.throws(() => parser.write(file), TarError);
});

test('global records are ignored; what follows the end mark is too', () => {
  const global = extension('g', formatPax([['uid', Buffer.from('7')]]));
  const [got, ...more] = parse(Buffer.concat([global, file, TAR_END, Buffer.alloc(600, 'junk')]));
  assert.equal(got?.entry.uid, 0);
  assert.equal(more.length, 0);
});

test('PAX records and times', () => {
  for (const value of ['', 'a', 'x'.repeat(90), 'y'.repeat(988)])
    assert.equal(
      parsePax(formatPax([['path', Buffer.from(value)]]))
        .get('path')
        ?.toString(),
      value,
    );
  for (const text of ['0', '1.5', '1700000000.123456789', '-1', '-1.25', '-0.5']) {
    const { sec, nsec } = parsePaxTime(Buffer.from(text));
    assert.equal(formatPaxTime(sec, nsec), text);
  }
});

test('readTar gives members one by one and skips what is not read', async () => {
  const bytes = Buffer.concat([
    member(tarEntry('file', 'a'), 'x'.repeat(2000)),
    member(tarEntry('file', 'b'), 'bbb'),
    TAR_END,
  ]);
  async function* source(): AsyncGenerator<Buffer> {
    for (let at = 0; at < bytes.length; at += 100) yield bytes.subarray(at, at + 100);
  }
  const seen: string[] = [];
  for await (const { entry, body } of readTar(source())) {
    seen.push(entry.name.toString());
    if (entry.name.toString() === 'b') seen.push(Buffer.concat(await Array.fromAsync(body)).toString());
  }
  assert.deepEqual(seen, ['a', 'b', 'bbb']);
});

test('ten thousand damaged archives: entries or a TarError, nothing else', () => {
  const whole = Buffer.concat([
    pax(['path', 'long/name'], ['mtime', '1.5'], ['SCHILY.xattr.user.a', 'b']),
    member(tarEntry('file', 'f'), 'x'.repeat(700)),
    extension('L', Buffer.from(`${'n'.repeat(150)}\0`)),
    member(tarEntry('file', 'g'), 'y'),
    pax(['GNU.sparse.size', '99'], ['GNU.sparse.map', '0,0,50,0']),
    file,
    TAR_END,
  ]);
  // A fixed sequence, so that a failure can be repeated.
  let state = 42;
  const random = (below: number): number => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state % below;
  };
  let failures = 0;
  for (let round = 0; round < 10_000; round++) {
    const damaged = Buffer.from(whole);
    for (let count = 1 + random(4); count > 0; count--) damaged[random(damaged.length)] = random(256);
    try {
      parse(damaged.subarray(0, random(3) === 0 ? random(damaged.length) : damaged.length), 1 + random(3000));
    } catch (error) {
      assert.ok(error instanceof TarError, String(error));
      failures++;
    }
  }
  assert.ok(failures > 1000);
});

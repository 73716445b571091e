import { BLOCK, type TarEntry, type TarType } from './header.ts';
import { formatPax, formatPaxTime } from './pax.ts';

const FLAGS: Record<TarType, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

const MAX_ID = 0o7777777;
const MAX_SIZE = 0o77777777777;
const EMPTY = Buffer.alloc(0);

/** Two zero blocks. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** A name that the fixed fields hold: whole, or cut at a slash into prefix and name. */
function splitName(name: Buffer): { prefix: Buffer; rest: Buffer } | undefined {
  if (name.length <= 100) return { prefix: EMPTY, rest: name };
  if (name.length > 256) return undefined;
  // The last slash that leaves a prefix of at most 155 bytes; a trailing slash is not a cut.
  const slash = name.lastIndexOf(0x2f, Math.min(155, name.length - 2));
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return { prefix: name.subarray(0, slash), rest: name.subarray(slash + 1) };
}

/**
 * The header blocks of an entry: ustar, before it a PAX header only with what ustar cannot say (ns times, long names, big
 * numbers, xattrs), records in a fixed order, owner names empty. Equal entries give equal bytes.
 */
export function formatHeader(entry: TarEntry): Buffer {
  const records: [string, Uint8Array][] = [];
  const split = splitName(entry.name);
  if (split === undefined) records.push(['path', entry.name]);
  if (entry.linkName.length > 100) records.push(['linkpath', entry.linkName]);
  const sizeBytes = entry.type === 'file' ? entry.sizeBytes : 0;
  if (sizeBytes > MAX_SIZE) records.push(['size', Buffer.from(String(sizeBytes))]);
  if (entry.uid > MAX_ID) records.push(['uid', Buffer.from(String(entry.uid))]);
  if (entry.gid > MAX_ID) records.push(['gid', Buffer.from(String(entry.gid))]);
  if (entry.mtimeNsec !== 0 || entry.mtimeSec < 0 || entry.mtimeSec > MAX_SIZE)
    records.push(['mtime', Buffer.from(formatPaxTime(entry.mtimeSec, entry.mtimeNsec))]);
  for (const key of [...entry.xattrs.keys()].sort())
    records.push([`SCHILY.xattr.${key}`, entry.xattrs.get(key) ?? EMPTY]);
  const header = ustar(
    entry,
    split ?? { prefix: EMPTY, rest: entry.name.subarray(0, 100) },
    FLAGS[entry.type],
    sizeBytes,
  );
  if (records.length === 0) return header;
  const body = formatPax(records);
  const paxHeader = ustar(
    { ...entry, mode: 0o644, uid: 0, gid: 0, mtimeSec: 0, linkName: EMPTY, deviceMajor: 0, deviceMinor: 0 },
    { prefix: EMPTY, rest: Buffer.from('PaxHeaders.0/entry') },
    'x',
    body.length,
  );
  return Buffer.concat([paxHeader, body, Buffer.alloc((BLOCK - (body.length % BLOCK)) % BLOCK), header]);
}

function ustar(entry: TarEntry, name: { prefix: Buffer; rest: Buffer }, flag: string, sizeBytes: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, digits: number, max: number): void => {
    const fits = value >= 0 && value <= max ? value : 0;
    block.write(fits.toString(8).padStart(digits, '0'), at, 'latin1');
  };
  name.rest.copy(block, 0);
  octal(entry.mode & 0o7777, 100, 7, 0o7777);
  octal(entry.uid, 108, 7, MAX_ID);
  octal(entry.gid, 116, 7, MAX_ID);
  octal(sizeBytes, 124, 11, MAX_SIZE);
  octal(entry.mtimeSec, 136, 11, MAX_SIZE);
  block.fill(0x20, 148, 156);
  block.write(flag, 156, 'latin1');
  entry.linkName.copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  octal(entry.deviceMajor, 329, 7, MAX_ID);
  octal(entry.deviceMinor, 337, 7, MAX_ID);
  name.prefix.copy(block, 345);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** An entry with every field at rest; set what differs. */
export function tarEntry(type: TarType, name: string | Buffer, fields: Partial<TarEntry> = {}): TarEntry {
  return {
    type,
    name: Buffer.from(name),
    linkName: EMPTY,
    mode: type === 'directory' ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    deviceMajor: 0,
    deviceMinor: 0,
    xattrs: new Map(),
    ...fields,
  };
}

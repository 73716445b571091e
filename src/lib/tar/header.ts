/** tar(5): ustar, PAX (POSIX.1-2001), GNU. Numbers and names as the archive has them; nothing here touches a file. */

export const BLOCK = 512;

export type TarType = 'file' | 'hardlink' | 'symlink' | 'character' | 'block' | 'directory' | 'fifo';

export interface TarEntry {
  type: TarType;
  /** As written: bytes, maybe absolute, maybe with `..`. Whoever acts on it cleans it. */
  name: Buffer;
  linkName: Buffer;
  /** Permission bits with suid, sgid and sticky. */
  mode: number;
  uid: number;
  gid: number;
  /** Length of the file, holes of a sparse one included. */
  sizeBytes: number;
  mtimeSec: number;
  mtimeNsec: number;
  deviceMajor: number;
  deviceMinor: number;
  /** From SCHILY.xattr.* records. */
  xattrs: ReadonlyMap<string, Buffer>;
  /** The parts that hold data, in order, when the file has holes. */
  sparse?: readonly SparsePart[];
}

export interface SparsePart {
  offset: number;
  sizeBytes: number;
}

/** A tar that cannot be read, or that goes past a limit. */
export class TarError extends Error {
  /** `malformed`, `truncated` or `limit`. */
  readonly reason: 'malformed' | 'truncated' | 'limit';

  constructor(reason: 'malformed' | 'truncated' | 'limit', message: string) {
    super(message);
    this.name = 'TarError';
    this.reason = reason;
  }
}

const malformed = (message: string): TarError => new TarError('malformed', `archive/tar: ${message}`);

const TYPES: Record<string, TarType> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'character',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

/** The type of a typeflag that stands for a file; undefined for extension headers and unknown ones. */
export function fileType(flag: string): TarType | undefined {
  return TYPES[flag];
}

/** Bytes up to the first NUL. */
export function field(block: Buffer, from: number, length: number): Buffer {
  const bytes = block.subarray(from, from + length);
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

/** Octal with NULs and blanks around it, or base-256 (GNU) when the first byte's top bit is set. */
export function readNumber(block: Buffer, from: number, length: number): number {
  const first = block[from] ?? 0;
  if (first & 0x80) {
    const isNegative = (first & 0x40) !== 0;
    let value = BigInt(isNegative ? first | ~0xff : first & 0x7f);
    for (let i = from + 1; i < from + length; i++) value = (value << 8n) | BigInt(block[i] ?? 0);
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw malformed('invalid tar header (a number is out of range)');
    return number;
  }
  let value = 0;
  let i = from;
  const end = from + length;
  while (i < end && (block[i] === 0x20 || block[i] === 0)) i++;
  for (; i < end; i++) {
    const digit = block[i] ?? 0;
    if (digit === 0x20 || digit === 0) break;
    if (digit < 0x30 || digit > 0x37) throw malformed('invalid tar header (a number is not octal)');
    value = value * 8 + (digit - 0x30);
  }
  return value;
}

/** Sum of all bytes with the checksum field as blanks; some old writers summed signed bytes. */
export function isChecksumRight(block: Buffer): boolean {
  let unsigned = 8 * 0x20;
  let signed = unsigned;
  for (let i = 0; i < BLOCK; i++) {
    if (i >= 148 && i < 156) continue;
    const byte = block[i] ?? 0;
    unsigned += byte;
    signed += byte < 128 ? byte : byte - 256;
  }
  const stated = readNumber(block, 148, 8);
  return stated === unsigned || stated === signed;
}

export function isZeroBlock(block: Buffer): boolean {
  for (let i = 0; i < BLOCK; i += 4) if (block.readUInt32LE(i) !== 0) return false;
  return true;
}

export interface RawHeader {
  flag: string;
  name: Buffer;
  linkName: Buffer;
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  mtimeSec: number;
  deviceMajor: number;
  deviceMinor: number;
  /** The block itself, for GNU's sparse map. */
  block: Buffer;
}

const GNU_MAGIC = 'ustar  \0';
const STAR_TRAILER = 'tar\0';

/** @throws TarError `malformed` */
export function readHeader(block: Buffer): RawHeader {
  if (!isChecksumRight(block)) throw malformed('invalid tar header');
  const magic = block.toString('latin1', 257, 265);
  const isUstar = magic.startsWith('ustar\0');
  const hasDevices = isUstar || magic === GNU_MAGIC;
  const name = field(block, 0, 100);
  // In GNU headers these bytes hold times; in star's the prefix is 131 bytes long.
  const isStar = isUstar && block.toString('latin1', 508, 512) === STAR_TRAILER;
  const prefix = isUstar ? field(block, 345, isStar ? 131 : 155) : Buffer.alloc(0);
  return {
    flag: String.fromCharCode(block[156] ?? 0),
    name: prefix.length > 0 ? Buffer.concat([prefix, Buffer.from('/'), name]) : Buffer.from(name),
    linkName: Buffer.from(field(block, 157, 100)),
    mode: readNumber(block, 100, 8) & 0o7777,
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    sizeBytes: readNumber(block, 124, 12),
    mtimeSec: readNumber(block, 136, 12),
    deviceMajor: hasDevices ? readNumber(block, 329, 8) : 0,
    deviceMinor: hasDevices ? readNumber(block, 337, 8) : 0,
    block: Buffer.from(block),
  };
}

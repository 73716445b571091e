import { type SparsePart, TarError } from './header.ts';

/** The records of an extended header. Keys are text; values are bytes, because names and xattrs are. */
export type PaxRecords = Map<string, Buffer>;

const malformed = (): TarError => new TarError('malformed', 'archive/tar: invalid tar header (PAX record)');

const SPARSE_OFFSET = 'GNU.sparse.offset';
const SPARSE_BYTES = 'GNU.sparse.numbytes';
const SPARSE_MAP = 'GNU.sparse.map';

/** `"<length> <key>=<value>\n"` again and again. Repeated sparse records (format 0.0) are folded into one map. */
export function parsePax(bytes: Buffer): PaxRecords {
  const records: PaxRecords = new Map();
  const map: string[] = [];
  let at = 0;
  while (at < bytes.length) {
    const blank = bytes.indexOf(0x20, at);
    if (blank === -1 || blank - at > 10) throw malformed();
    const digits = bytes.toString('latin1', at, blank);
    const length = Number(digits);
    if (!/^[0-9]+$/.test(digits) || length < 5 || at + length > bytes.length) throw malformed();
    const end = at + length;
    const equals = bytes.indexOf(0x3d, blank);
    if (bytes[end - 1] !== 0x0a || equals === -1 || equals >= end || equals === blank + 1) throw malformed();
    const key = bytes.toString('utf8', blank + 1, equals);
    const value = bytes.subarray(equals + 1, end - 1);
    if (key === SPARSE_OFFSET || key === SPARSE_BYTES) map.push(value.toString('latin1'));
    else records.set(key, Buffer.from(value));
    at = end;
  }
  if (map.length > 0) records.set(SPARSE_MAP, Buffer.from(map.join(',')));
  return records;
}

/** A whole number of a record; undefined when it is absent. */
export function paxNumber(records: PaxRecords, key: string): number | undefined {
  const value = records.get(key)?.toString('latin1');
  if (value === undefined || value === '') return undefined;
  const number = Number(value);
  if (!/^-?[0-9]+$/.test(value) || !Number.isSafeInteger(number)) throw malformed();
  return number;
}

/** `seconds[.fraction]`, to the nanosecond; a negative time counts its fraction forwards. */
export function parsePaxTime(value: Buffer): { sec: number; nsec: number } {
  const match = /^(-?)([0-9]{1,15})(?:\.([0-9]*))?$/.exec(value.toString('latin1'));
  if (match === null) throw malformed();
  const sec = Number(match[2]);
  const nsec = Number((match[3] ?? '').slice(0, 9).padEnd(9, '0'));
  if (match[1] !== '-') return { sec, nsec };
  return nsec === 0 ? { sec: -sec, nsec: 0 } : { sec: -sec - 1, nsec: 1e9 - nsec };
}

export function formatPaxTime(sec: number, nsec: number): string {
  if (nsec === 0) return String(sec);
  const [sign, whole, part] = sec < 0 ? ['-', -(sec + 1), 1e9 - nsec] : ['', sec, nsec];
  return `${sign}${whole}.${String(part).padStart(9, '0').replace(/0+$/, '')}`;
}

/** Records in the given order; each states its own length, digits included. */
export function formatPax(records: readonly (readonly [string, Uint8Array])[]): Buffer {
  const out = records.map(([key, value]) => {
    const rest = Buffer.byteLength(key) + value.length + 3;
    let length = rest + String(rest).length;
    if (rest + String(length).length !== length) length = rest + String(length).length;
    return Buffer.concat([Buffer.from(`${length} ${key}=`), value, Buffer.from('\n')]);
  });
  return Buffer.concat(out);
}

/** A sparse map as numbers: offset, length, offset, length … in order, inside the file, not overlapping. */
export function sparseParts(numbers: readonly number[], sizeBytes: number, maxParts: number): SparsePart[] {
  if (numbers.length % 2 !== 0) throw malformed();
  if (numbers.length / 2 > maxParts) throw new TarError('limit', 'archive/tar: sparse map is too long');
  const parts: SparsePart[] = [];
  let end = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const offset = numbers[i] ?? 0;
    const length = numbers[i + 1] ?? 0;
    if (!(offset >= end) || !(length >= 0) || offset + length > sizeBytes) throw malformed();
    end = offset + length;
    if (length > 0) parts.push({ offset, sizeBytes: length });
  }
  return parts;
}

export function parseSparseList(value: Buffer, maxParts: number): number[] {
  if (value.length === 0) return [];
  // Counted before it is split: a map of ten million parts must not become ten million strings.
  let commas = 0;
  for (const byte of value) if (byte === 0x2c) commas++;
  if (commas + 1 > maxParts * 2) throw new TarError('limit', 'archive/tar: sparse map is too long');
  const numbers = value.toString('latin1').split(',').map(Number);
  if (!numbers.every(Number.isSafeInteger)) throw malformed();
  return numbers;
}

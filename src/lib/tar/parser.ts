import {
  BLOCK,
  field,
  fileType,
  isZeroBlock,
  type RawHeader,
  readHeader,
  readNumber,
  type SparsePart,
  type TarEntry,
  TarError,
} from './header.ts';
import { type PaxRecords, parsePax, parsePaxTime, parseSparseList, paxNumber, sparseParts } from './pax.ts';

export interface TarLimits {
  /** Bytes of one extended header or long name. */
  headerBytes: number;
  nameBytes: number;
  /** Parts of one sparse file. */
  sparseParts: number;
  entries: number;
}

export const TAR_LIMITS: TarLimits = {
  headerBytes: 1 << 20,
  nameBytes: 4096,
  sparseParts: 100_000,
  entries: 1_000_000,
};

/** Receives an archive in order. What it throws ends the parse. Chunks are only valid during the call. */
export interface TarHandler {
  entry(entry: TarEntry): void;
  /** Contents of the last entry, where they belong in the file. */
  data(chunk: Buffer, offset: number): void;
  /** The last entry is complete. */
  entryEnd(): void;
}

type State = 'header' | 'extension' | 'old-sparse' | 'pax-sparse' | 'data' | 'padding' | 'end';

const XATTR = 'SCHILY.xattr.';
const EXTENSIONS = new Set(['x', 'X', 'g', 'L', 'K']);

/**
 * A push parser: `write` each chunk, `end` at the end. Synchronous, holds one block and at most one extended header, and
 * calls the handler as it goes. A short archive is an error at `end`, but padding and end mark may be missing; what follows
 * the end mark is ignored, as GNU tar does.
 */
export class TarParser {
  readonly #handler: TarHandler;
  readonly #limits: TarLimits;
  #state: State = 'header';
  #block = Buffer.allocUnsafe(BLOCK);
  #filled = 0;
  #entries = 0;

  #pax: PaxRecords | undefined;
  #longName: Buffer | undefined;
  #longLink: Buffer | undefined;
  #extension: { flag: string; chunks: Buffer[]; left: number } | undefined;

  #raw: RawHeader | undefined;
  #sparseNumbers: number[] = [];
  #sparseText = '';
  #sparseCount = -1;
  #isSparse = false;
  #realSize = 0;

  /** Data bytes that are still to come for the entry, and padding after them. */
  #left = 0;
  #padding = 0;
  #parts: readonly SparsePart[] = [];
  #part = 0;
  #partDone = 0;

  constructor(handler: TarHandler, limits: Partial<TarLimits> = {}) {
    this.#handler = handler;
    this.#limits = { ...TAR_LIMITS, ...limits };
  }

  /** True once the end mark (two zero blocks; one is enough) was seen. */
  get isAtEnd(): boolean {
    return this.#state === 'end';
  }

  write(input: Uint8Array): void {
    const chunk = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'end') return;
      if (this.#state === 'data') at += this.#takeData(chunk, at);
      else if (this.#state === 'extension') at += this.#takeExtension(chunk, at);
      else if (this.#state === 'padding') at += this.#takePadding(chunk.length - at);
      else at += this.#takeBlock(chunk, at);
    }
  }

  /** @throws TarError `truncated` */
  end(): void {
    if (this.#state === 'end') return;
    // The docker CLI leaves off the padding and end mark when it puts a Dockerfile from stdin into a context; Go reads that.
    const isWhole = this.#state === 'padding' || (this.#state === 'header' && this.#filled === 0);
    if (isWhole && this.#pax === undefined && this.#longName === undefined && this.#longLink === undefined) return;
    throw new TarError('truncated', 'unexpected EOF');
  }

  #takeBlock(chunk: Buffer, at: number): number {
    const take = Math.min(BLOCK - this.#filled, chunk.length - at);
    if (this.#filled === 0 && take === BLOCK) {
      this.#onBlock(chunk.subarray(at, at + BLOCK));
      return BLOCK;
    }
    chunk.copy(this.#block, this.#filled, at, at + take);
    this.#filled += take;
    if (this.#filled === BLOCK) {
      this.#filled = 0;
      this.#onBlock(this.#block);
    }
    return take;
  }

  #onBlock(block: Buffer): void {
    if (this.#state === 'old-sparse') return this.#onOldSparse(block);
    if (this.#state === 'pax-sparse') return this.#onPaxSparse(block);
    if (isZeroBlock(block)) {
      this.#state = 'end';
      return;
    }
    this.#onHeader(readHeader(block));
  }

  #onHeader(raw: RawHeader): void {
    if (++this.#entries > this.#limits.entries * 3) throw new TarError('limit', 'archive/tar: too many headers');
    if (raw.sizeBytes < 0) throw new TarError('malformed', 'archive/tar: invalid tar header (negative size)');
    if (EXTENSIONS.has(raw.flag)) {
      if (raw.sizeBytes > this.#limits.headerBytes) throw new TarError('limit', 'archive/tar: header field too long');
      this.#padding = padOf(raw.sizeBytes);
      this.#extension = { flag: raw.flag, chunks: [], left: raw.sizeBytes };
      if (raw.sizeBytes === 0) this.#endExtension();
      else this.#state = 'extension';
      return;
    }
    this.#raw = raw;
    this.#isSparse = raw.flag === 'S';
    this.#sparseNumbers = [];
    if (this.#isSparse) {
      this.#realSize = readNumber(raw.block, 483, 12);
      this.#readOldParts(raw.block, 386, 4);
      if (raw.block[482]) this.#state = 'old-sparse';
      else this.#begin();
      return;
    }
    const major = this.#pax?.get('GNU.sparse.major')?.toString();
    const map = this.#pax?.get('GNU.sparse.map');
    if (map !== undefined && this.#pax !== undefined) {
      this.#isSparse = true;
      this.#realSize = paxNumber(this.#pax, 'GNU.sparse.size') ?? raw.sizeBytes;
      this.#sparseNumbers = parseSparseList(map, this.#limits.sparseParts);
    } else if (major === '1' && this.#pax !== undefined) {
      this.#isSparse = true;
      this.#realSize = paxNumber(this.#pax, 'GNU.sparse.realsize') ?? 0;
      this.#sparseText = '';
      this.#sparseCount = -1;
      this.#left = paxNumber(this.#pax, 'size') ?? raw.sizeBytes;
      this.#state = 'pax-sparse';
      return;
    }
    this.#begin();
  }

  #readOldParts(block: Buffer, from: number, count: number): void {
    for (let i = 0; i < count; i++) {
      const at = from + i * 24;
      if (block[at] === 0) break;
      this.#sparseNumbers.push(readNumber(block, at, 12), readNumber(block, at + 12, 12));
    }
    if (this.#sparseNumbers.length > this.#limits.sparseParts * 2)
      throw new TarError('limit', 'archive/tar: sparse map is too long');
  }

  #onOldSparse(block: Buffer): void {
    this.#readOldParts(block, 0, 21);
    if (block[504]) return;
    this.#begin();
  }

  /** PAX 1.0: the map stands before the data as decimal lines, padded to whole blocks. */
  #onPaxSparse(block: Buffer): void {
    if (this.#left < BLOCK) throw new TarError('malformed', 'archive/tar: invalid sparse map');
    this.#left -= BLOCK;
    this.#sparseText += block.toString('latin1');
    const lines = this.#sparseText.split('\n');
    this.#sparseText = lines.pop() ?? '';
    if (this.#sparseText.length > 32 && this.#sparseText.charCodeAt(0) !== 0)
      throw new TarError('malformed', 'archive/tar: invalid sparse map');
    for (const line of lines) {
      if (this.#sparseCount !== -1 && this.#sparseNumbers.length >= this.#sparseCount * 2) break;
      const number = Number(line);
      if (!/^[0-9]{1,19}$/.test(line) || !Number.isSafeInteger(number))
        throw new TarError('malformed', 'archive/tar: invalid sparse map');
      if (this.#sparseCount === -1) this.#sparseCount = number;
      else this.#sparseNumbers.push(number);
      if (this.#sparseCount > this.#limits.sparseParts)
        throw new TarError('limit', 'archive/tar: sparse map is too long');
    }
    if (this.#sparseCount !== -1 && this.#sparseNumbers.length >= this.#sparseCount * 2) this.#begin(this.#left);
  }

  /** All headers of one entry are there: hand it over. */
  #begin(dataLeft?: number): void {
    const raw = this.#raw;
    if (raw === undefined) throw new TarError('malformed', 'archive/tar: invalid tar header');
    const pax: PaxRecords = this.#pax ?? new Map();
    const type = fileType(raw.flag);
    if (type === undefined)
      throw new TarError('malformed', `archive/tar: unhandled tar header type ${JSON.stringify(raw.flag)}`);
    if (this.#entries > this.#limits.entries) throw new TarError('limit', 'archive/tar: too many entries');
    const stored = dataLeft ?? paxNumber(pax, 'size') ?? raw.sizeBytes;
    const hasData = type === 'file';
    const name = pax.get('GNU.sparse.name') ?? pax.get('path') ?? this.#longName ?? raw.name;
    const isOldFolder = raw.flag !== '5' && type === 'file' && name.at(-1) === 0x2f && !this.#isSparse;
    const entry = this.#entryOf(
      raw,
      pax,
      isOldFolder ? 'directory' : type,
      name,
      this.#isSparse ? this.#realSize : stored,
    );
    if (stored < 0) throw new TarError('malformed', 'archive/tar: invalid tar header (negative size)');
    this.#left = hasData ? stored : 0;
    // Links and folders may state a size without having data.
    this.#padding = hasData ? padOf(stored) : 0;
    this.#parts = this.#isSparse
      ? sparseParts(this.#sparseNumbers, this.#realSize, this.#limits.sparseParts)
      : [{ offset: 0, sizeBytes: this.#left }];
    if (this.#isSparse) {
      const sum = this.#parts.reduce((total, part) => total + part.sizeBytes, 0);
      if (sum !== this.#left) throw new TarError('malformed', 'archive/tar: invalid sparse map');
      entry.sparse = this.#parts;
    }
    this.#part = 0;
    this.#partDone = 0;
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#handler.entry(entry);
    if (this.#left === 0) this.#endData();
    else this.#state = 'data';
  }

  #entryOf(raw: RawHeader, pax: PaxRecords, type: TarEntry['type'], name: Buffer, sizeBytes: number): TarEntry {
    const linkName = pax.get('linkpath') ?? this.#longLink ?? raw.linkName;
    if (name.length > this.#limits.nameBytes || linkName.length > this.#limits.nameBytes)
      throw new TarError('limit', 'archive/tar: name is too long');
    if (name.includes(0) || linkName.includes(0))
      throw new TarError('malformed', 'archive/tar: invalid tar header (NUL in a name)');
    const mtime = pax.get('mtime');
    const time = mtime === undefined || mtime.length === 0 ? { sec: raw.mtimeSec, nsec: 0 } : parsePaxTime(mtime);
    const xattrs = new Map<string, Buffer>();
    for (const [key, value] of pax) if (key.startsWith(XATTR)) xattrs.set(key.slice(XATTR.length), value);
    return {
      type,
      name,
      linkName,
      mode: raw.mode,
      uid: paxNumber(pax, 'uid') ?? raw.uid,
      gid: paxNumber(pax, 'gid') ?? raw.gid,
      sizeBytes: type === 'file' ? sizeBytes : 0,
      mtimeSec: time.sec,
      mtimeNsec: time.nsec,
      deviceMajor: raw.deviceMajor,
      deviceMinor: raw.deviceMinor,
      xattrs,
    };
  }

  #takeExtension(chunk: Buffer, at: number): number {
    const extension = this.#extension;
    if (extension === undefined) throw new TarError('malformed', 'archive/tar: invalid tar header');
    const take = Math.min(extension.left, chunk.length - at);
    extension.chunks.push(Buffer.from(chunk.subarray(at, at + take)));
    extension.left -= take;
    if (extension.left === 0) this.#endExtension();
    return take;
  }

  #endExtension(): void {
    const { flag, chunks } = this.#extension ?? { flag: '', chunks: [] };
    this.#extension = undefined;
    const bytes = Buffer.concat(chunks);
    if (flag === 'x' || flag === 'X') this.#pax = parsePax(bytes);
    else if (flag === 'L') this.#longName = Buffer.from(field(bytes, 0, bytes.length));
    else if (flag === 'K') this.#longLink = Buffer.from(field(bytes, 0, bytes.length));
    // Global records ('g') are ignored: a stream must not set the owner of what it does not name.
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }

  #takeData(chunk: Buffer, at: number): number {
    const part = this.#parts[this.#part];
    if (part === undefined) throw new TarError('malformed', 'archive/tar: invalid sparse map');
    const take = Math.min(part.sizeBytes - this.#partDone, chunk.length - at);
    this.#handler.data(chunk.subarray(at, at + take), part.offset + this.#partDone);
    this.#partDone += take;
    this.#left -= take;
    if (this.#partDone === part.sizeBytes) {
      this.#part++;
      this.#partDone = 0;
    }
    if (this.#left === 0) this.#endData();
    return take;
  }

  #endData(): void {
    this.#handler.entryEnd();
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }

  #takePadding(available: number): number {
    const take = Math.min(this.#padding, available);
    this.#padding -= take;
    if (this.#padding === 0) this.#state = 'header';
    return take;
  }
}

/** Bytes that fill the last block. */
export function padOf(sizeBytes: number): number {
  return (BLOCK - (sizeBytes % BLOCK)) % BLOCK;
}

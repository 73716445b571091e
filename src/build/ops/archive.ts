import { spawn } from 'node:child_process';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, realpath } from 'node:fs/promises';
import { join, sep } from 'node:path';
import type { Duplex, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';

const BLOCK = 512;
const HEAD_BYTES = 64 * 1024;

/**
 * Opens a file of the build context if it is a tar (plain, gzip, bzip2, xz or zstd), else gives undefined. The context is
 * a folder that nobody writes to any more, so checking where a path leads before opening it keeps the daemon inside.
 */
export async function openArchive(contextRoot: string, path: string): Promise<Readable | undefined> {
  const base = await realpath(contextRoot);
  const real = await realpath(join(base, path)).catch(() => undefined);
  if (real === undefined || !real.startsWith(base + sep)) return undefined;
  const before: Stats = await lstat(real);
  if (!before.isFile()) return undefined;
  const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const head = Buffer.alloc(HEAD_BYTES);
    const { bytesRead } = await file.read(head, 0, HEAD_BYTES, 0);
    if (!(await startsLikeTar(head.subarray(0, bytesRead)))) {
      await file.close();
      return undefined;
    }
    return fileStream(file);
  } catch (error) {
    await file.close().catch(() => {});
    throw error;
  }
}

const fileStream = (file: FileHandle): Readable => file.createReadStream({ start: 0 });

async function startsLikeTar(head: Buffer): Promise<boolean> {
  const inflate = decompressor(head);
  return isTarHeader(inflate === undefined ? head : await firstBlock(inflate(), head));
}

function decompressor(head: Buffer): (() => Duplex | ProcessFilter) | undefined {
  if (head.length < 6) return undefined;
  if (head[0] === 0x1f && head[1] === 0x8b) return () => createGunzip();
  if (head.readUInt32LE(0) === 0xfd2fb528) return () => createZstdDecompress();
  if (head.subarray(0, 3).toString('latin1') === 'BZh') return () => processFilter('bzip2');
  if (head.subarray(0, 6).equals(Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]))) return () => processFilter('xz');
  return undefined;
}

interface ProcessFilter {
  readable: Readable;
  end(bytes: Buffer): void;
  destroy(): void;
}

/** Found on the host's fixed paths only; never inside a root file system. */
function processFilter(name: 'bzip2' | 'xz'): ProcessFilter {
  const child = spawn(`/usr/bin/${name}`, ['-dc'], { env: {}, cwd: '/', stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => child.stdout.destroy());
  child.stdin.on('error', () => {});
  return {
    readable: child.stdout,
    end: (bytes) => child.stdin.end(bytes),
    destroy: () => child.kill('SIGKILL'),
  };
}

/** The first decompressed block; the input is cut short, so an error after it means nothing. */
async function firstBlock(filter: Duplex | ProcessFilter, head: Buffer): Promise<Buffer> {
  const output = 'readable' in filter && typeof filter.readable === 'object' ? filter.readable : (filter as Duplex);
  const chunks: Buffer[] = [];
  let size = 0;
  filter.end(head);
  try {
    for await (const chunk of output) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= BLOCK) break;
    }
  } catch {
    // Not that format after all, or cut short before a whole block: not an archive.
  }
  filter.destroy();
  return Buffer.concat(chunks);
}

/** A header whose checksum is right (POSIX pax, ustar header). */
function isTarHeader(bytes: Buffer): boolean {
  if (bytes.length < BLOCK) return false;
  const stored = Number.parseInt(
    bytes
      .subarray(148, 156)
      .toString('latin1')
      .replace(/[\0 ]+$/g, '')
      .trim(),
    8,
  );
  let sum = 0;
  for (let i = 0; i < BLOCK; i++) sum += i >= 148 && i < 156 ? 0x20 : (bytes[i] ?? 0);
  return stored === sum && bytes[0] !== 0;
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type EngineError, invalidParameter, messageOf, noSpace } from '../../errors/index.ts';
import { readTar, type TarEntry, TarError, type TarMember } from '../../lib/index.ts';
import { type Digest, isDigest } from '../../oci/index.ts';
import type { ContentStore } from '../../store/index.ts';
import type { Work } from '../work.ts';
import { plainBytes, refuseAborted } from './plain.ts';

const MAX_ENTRIES = 100_000;
const MAX_LINKS = 1000;
const PREFIX = 'berth-load-';

type Member = { kind: 'blob'; digest: Digest; sizeBytes: number } | { kind: 'file'; file: string; sizeBytes: number };

interface ReadNeeds {
  content: ContentStore;
  work: Work;
  tempDir?: string | undefined;
  signal: AbortSignal;
}

const invalid = (why: string, cause?: unknown): EngineError =>
  invalidParameter('invalid-archive', `invalid archive: ${why}`, { cause });

/**
 * An untrusted image archive, read once. `blobs/sha256/<hex>` go straight into the content store, where they must be what
 * their name says; the rest lies in a private folder under numbers, never under its own names. The last of equal names wins.
 */
export class ArchiveFiles implements AsyncDisposable {
  readonly #needs: ReadNeeds;
  readonly #dir: string;
  readonly #members = new Map<string, Member>();
  /** Docker's old archives share a layer by `<id>/layer.tar -> ../<other>/layer.tar`. */
  readonly #links = new Map<string, string>();
  #count = 0;

  private constructor(needs: ReadNeeds, dir: string) {
    this.#needs = needs;
    this.#dir = dir;
  }

  static async read(source: AsyncIterable<Uint8Array>, needs: ReadNeeds): Promise<ArchiveFiles> {
    const dir = await mkdtemp(path.join(needs.tempDir ?? tmpdir(), PREFIX));
    const files = new ArchiveFiles(needs, dir);
    try {
      for await (const member of readTar(plainBytes(source), { entries: MAX_ENTRIES })) {
        refuseAborted(needs.signal);
        await files.#take(member);
      }
    } catch (error) {
      await files[Symbol.asyncDispose]();
      if (error instanceof TarError) throw invalidParameter('invalid-archive', error.message, { cause: error });
      throw error;
    }
    return files;
  }

  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** @throws invalid-parameter `invalid-archive` when it is absent or larger than `maxBytes` */
  async readBytes(name: string, maxBytes: number): Promise<Buffer> {
    const member = this.#get(name);
    if (member.sizeBytes > maxBytes) throw invalid(`${quote(name)} is larger than ${maxBytes} bytes`);
    return member.kind === 'blob'
      ? await this.#needs.content.read(member.digest, maxBytes)
      : await readFile(member.file);
  }

  async readJson(name: string, maxBytes: number): Promise<unknown> {
    const bytes = await this.readBytes(name, maxBytes);
    try {
      return JSON.parse(bytes.toString('utf8'));
    } catch (error) {
      throw invalid(`${quote(name)} is not JSON: ${messageOf(error)}`, error);
    }
  }

  /** The member as a claimed blob of the content store. */
  async blobOf(name: string): Promise<{ digest: Digest; sizeBytes: number }> {
    const member = this.#get(name);
    if (member.kind === 'blob') return member;
    const { content, work, signal } = this.#needs;
    const digest = await hashOf(member.file);
    await work.claim({ kind: 'blob', key: digest });
    const { sizeBytes } = member;
    await content.ingest(createReadStream(member.file, { highWaterMark: 1 << 18 }), { digest, sizeBytes }, signal);
    const blob = { kind: 'blob' as const, digest, sizeBytes };
    this.#members.set(clean(name), blob);
    return blob;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }

  #get(name: string): Member {
    const member = this.#find(name);
    if (member === undefined) throw invalid(`it has no ${quote(name)}`);
    return member;
  }

  #find(name: string): Member | undefined {
    const at = clean(name);
    const target = this.#links.get(at);
    return this.#members.get(target ?? at);
  }

  async #take({ entry, body }: TarMember): Promise<void> {
    const name = clean(entry.name.toString('utf8'));
    if (entry.type === 'directory') return;
    this.#members.delete(name);
    this.#links.delete(name);
    if (entry.type === 'symlink') {
      this.#links.set(name, layerLink(name, entry));
      if (this.#links.size > MAX_LINKS) throw invalid('too many links');
      return;
    }
    if (entry.type !== 'file' || entry.sparse !== undefined)
      throw invalid(`${quote(name)} is no regular file (${entry.type})`);
    const digest = `sha256:${/^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1] ?? ''}`;
    this.#members.set(
      name,
      isDigest(digest) ? await this.#takeBlob(digest, entry, body) : await this.#takeFile(entry, body),
    );
  }

  async #takeBlob(digest: Digest, { sizeBytes }: TarEntry, body: AsyncIterable<Buffer>): Promise<Member> {
    const { content, work, signal } = this.#needs;
    await work.claim({ kind: 'blob', key: digest });
    await content.ingest(body, { digest, sizeBytes }, signal);
    return { kind: 'blob', digest, sizeBytes };
  }

  async #takeFile({ sizeBytes }: TarEntry, body: AsyncIterable<Buffer>): Promise<Member> {
    const name = path.join(this.#dir, String(this.#count++));
    const file = await open(name, 'wx', 0o600);
    try {
      for await (const chunk of body) {
        refuseAborted(this.#needs.signal);
        await file.writeFile(chunk);
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOSPC')
        throw noSpace('no-space', 'no space left on device', { cause: error });
      throw error;
    } finally {
      await file.close();
    }
    return { kind: 'file', file: name, sizeBytes };
  }
}

const quote = (name: string): string => JSON.stringify(name.slice(0, 200));

/** The name without `./`. @throws invalid-parameter for a name that leads out of the archive */
function clean(name: string): string {
  const parts = name.split('/').filter((part) => part !== '.' && part !== '');
  if (name.startsWith('/') || parts.includes('..')) throw invalid(`the name ${quote(name)} leads out of it`);
  return parts.join('/');
}

function layerLink(name: string, { linkName }: TarEntry): string {
  const target = linkName.toString('utf8');
  const resolved = path.posix.join(path.posix.dirname(name), target);
  if (path.posix.basename(name) !== 'layer.tar' || target.startsWith('/') || resolved.startsWith('..'))
    throw invalid(`${quote(name)} is a symbolic link to ${quote(target)}`);
  return resolved;
}

async function hashOf(file: string): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 18 })) hash.update(chunk);
  return `sha256:${hash.digest('hex')}` as Digest;
}

/** Makes the folder for archives and removes what an earlier life left in it. */
export async function openArchiveFolder(tempDir: string): Promise<void> {
  await mkdir(tempDir, { recursive: true, mode: 0o700 });
  for (const name of await readdir(tempDir))
    if (name.startsWith(PREFIX)) await rm(path.join(tempDir, name), { recursive: true, force: true });
}

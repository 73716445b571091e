import { createHash, type Hash } from 'node:crypto';
import { readSync } from 'node:fs';
import {
  closeFd,
  getXattr,
  namesIn,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  openAt,
  openRegularAt,
  readlinkAt,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  statAt,
} from '../../host/index.ts';
import { createPatternMatcher } from '../../lib/index.ts';

const buffer = Buffer.allocUnsafe(1 << 18);

/**
 * The digest of a tree for a cache key: each path with its type, mode, owner, capabilities, link or contents. Times are not
 * part of it: a fresh checkout of the same files is the same. One entry a step.
 */
export class ContentHash {
  readonly #hash: Hash = createHash('sha256');
  readonly #excludes: (path: string) => boolean;
  readonly #hasExceptions: boolean;

  constructor(exclude: readonly string[] = []) {
    const matcher = exclude.length > 0 ? createPatternMatcher(exclude) : undefined;
    this.#excludes = (path) => matcher?.matches(path) ?? false;
    this.#hasExceptions = matcher?.hasExceptions ?? false;
  }

  digest(): string {
    return this.#hash.copy().digest('hex');
  }

  *contents(dirFd: number, path = ''): Generator<void> {
    for (const name of namesIn(dirFd)) {
      const below = path === '' ? name.toString('latin1') : `${path}/${name.toString('latin1')}`;
      const isOut = this.#excludes(Buffer.from(below, 'latin1').toString());
      if (isOut && !this.#hasExceptions) continue;
      yield* this.one(dirFd, name, below, isOut);
    }
  }

  *one(dirFd: number, name: Buffer, path: string, isOut = false): Generator<void> {
    yield;
    const stat = statAt(dirFd, name);
    const kind = stat.mode & S_IFMT;
    if (!isOut) {
      this.#hash.update(`${path.length}:${path} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid} `, 'latin1');
      if (kind === S_IFLNK) this.#hash.update(readlinkAt(dirFd, name));
      else if (kind === S_IFREG) this.#file(dirFd, name);
      else if (kind !== S_IFDIR) this.#hash.update(`${stat.deviceMajor}:${stat.deviceMinor}`);
      if (kind === S_IFREG) this.#hash.update(getXattr(dirFd, name, 'security.capability') ?? '');
      this.#hash.update('\n');
    }
    if (kind !== S_IFDIR) return;
    const fd = openAt(dirFd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
    try {
      yield* this.contents(fd, path);
    } finally {
      closeFd(fd);
    }
  }

  #file(dirFd: number, name: Buffer): void {
    const opened = openRegularAt(dirFd, name);
    if (opened === undefined) return;
    try {
      this.#hash.update(`${opened.stat.sizeBytes} `);
      for (let got = readSync(opened.fd, buffer); got > 0; got = readSync(opened.fd, buffer))
        this.#hash.update(buffer.subarray(0, got));
    } finally {
      closeFd(opened.fd);
    }
  }
}

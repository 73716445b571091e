import fs from 'node:fs';
import type { LogEntry, LogReadOptions } from './contract.ts';
import { LineDecoder } from './decode.ts';
import type { Follower, LiveLog } from './live-log.ts';
import { type LogFile, openLogFile, openLogFiles } from './log-files.ts';
import { findSince, findTail, LineBlocks, readBytes } from './read-file.ts';

interface Place {
  file: LogFile;
  position: number;
}

/** Reads a log from where the options begin; with a live writer and `follow` on and on, file after file. */
export async function* readLog(
  base: string,
  live: LiveLog | undefined,
  options: LogReadOptions,
  signal: AbortSignal,
): AsyncGenerator<LogEntry[]> {
  await live?.settle();
  while (live?.isRotating === true) await live.changed();
  const files = openLogFiles(base);
  const follower: Follower | undefined =
    options.follow && live !== undefined && !live.isClosed
      ? { generation: live.generation, progress: 0, isLagging: false }
      : undefined;
  if (follower !== undefined) live?.followers.add(follower);
  const session = new Session(options, signal);
  let open: LogFile | undefined;
  try {
    const places = await findPlaces(files, options, session.decoder);
    for (const [i, place] of places.entries()) {
      const isLast = i === places.length - 1;
      if (!isLast || follower === undefined || live === undefined) yield* session.readOnce(place, follower);
      else yield* session.follow(place, base, live, follower, (file) => (open = file));
      if (session.isOver) return;
    }
  } finally {
    if (follower !== undefined) live?.followers.delete(follower);
    for (const file of files) closeQuietly(file);
    if (open !== undefined) closeQuietly(open);
  }
}

/** The files that hold anything asked for, and where to begin in each. */
async function findPlaces(files: LogFile[], options: LogReadOptions, decoder: LineDecoder): Promise<Place[]> {
  const { tail, sinceNs } = options;
  const sinceMs = sinceNs === undefined ? 0 : Number(sinceNs / 1_000_000n);
  let left = tail ?? Number.POSITIVE_INFINITY;
  const places: Place[] = [];
  for (const file of files.toReversed()) {
    // A file last written before `since` holds nothing of it; neither do those before it. Only the newest may still grow.
    if (file.mtimeMs + 1000 < sinceMs && file.index > 0) break;
    if (left <= 0 && file.index > 0) break;
    let position = 0;
    if (tail !== undefined) {
      const found = left > 0 ? await findTail(file, left) : { position: file.sizeBytes, lines: 0 };
      left -= found.lines;
      position = found.position;
    }
    if (sinceNs !== undefined) position = Math.max(position, await findSince(file, sinceNs, decoder));
    places.unshift({ file, position });
  }
  return places;
}

function closeQuietly(file: LogFile): void {
  if (file.fd < 0) return;
  fs.closeSync(file.fd);
  file.fd = -1;
}

/** What one reader has seen and still wants. */
class Session {
  readonly decoder = new LineDecoder();
  readonly #options: LogReadOptions;
  readonly #signal: AbortSignal;
  readonly #aborted: Promise<void>;
  /** A line of `untilNs` or later was seen, or the reader went away. */
  isOver = false;

  constructor(options: LogReadOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#aborted = new Promise((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  async *readOnce({ file, position }: Place, follower: Follower | undefined): AsyncGenerator<LogEntry[]> {
    const blocks = new LineBlocks();
    for await (const bytes of readBytes(file, position)) {
      if (follower !== undefined) follower.progress += bytes.length;
      yield* this.#wanted(blocks.push(bytes));
      if (this.#ends()) return;
    }
  }

  /** Reads to the end, waits, and goes on with the next generation once this one is read and rotated. */
  async *follow(
    place: Place,
    base: string,
    live: LiveLog,
    follower: Follower,
    opened: (file: LogFile) => void,
  ): AsyncGenerator<LogEntry[]> {
    let { file, position } = place;
    let blocks = new LineBlocks();
    for (;;) {
      const { generation, isClosed } = live;
      const changed = live.changed();
      for await (const bytes of readBytes(file, position)) {
        position += bytes.length;
        follower.progress += bytes.length;
        yield* this.#wanted(blocks.push(bytes));
        if (this.#ends()) return;
      }
      follower.isLagging = false;
      if (generation > follower.generation) {
        while (live.isRotating) await live.changed();
        const next = openNext(base, live, follower);
        closeQuietly(file);
        if (next === undefined) return;
        opened(next);
        file = next;
        position = 0;
        blocks = new LineBlocks();
      } else if (isClosed) return;
      else await Promise.race([changed, this.#aborted]);
      if (this.#ends()) return;
    }
  }

  *#wanted(lines: Buffer[]): Generator<LogEntry[]> {
    const { stdout, stderr, sinceNs, untilNs } = this.#options;
    const entries: LogEntry[] = [];
    for (const line of lines) {
      const entry = this.decoder.decode(line);
      if (entry === undefined || (sinceNs !== undefined && entry.timeNs < sinceNs)) continue;
      if (untilNs !== undefined && entry.timeNs > untilNs) {
        this.isOver = true;
        break;
      }
      if (entry.stream === 'stdout' ? stdout : stderr) entries.push(entry);
    }
    if (entries.length > 0) yield entries;
  }

  #ends(): boolean {
    this.isOver ||= this.#signal.aborted;
    return this.isOver;
  }
}

/** The oldest generation after the follower's that is still there. */
function openNext(base: string, live: LiveLog, follower: Follower): LogFile | undefined {
  while (follower.generation < live.generation) {
    follower.generation++;
    const file = openLogFile(base, live.generation - follower.generation);
    if (file !== undefined) return file;
  }
  return undefined;
}

import { Compressor } from './compress.ts';
import type { LogWriter } from './contract.ts';
import type { Flood } from './flood.ts';
import type { FromFlood } from './flood-messages.ts';
import { type Block, LineEncoder, type StreamName } from './line-encoder.ts';
import type { LiveLog } from './live-log.ts';
import { RotatingFile } from './rotating-file.ts';
import type { LogSettings } from './settings.ts';
import { formatTimestamp } from './timestamp.ts';

/** A container may print this much at once, and as much in a second, before the worker takes over. */
const FLOOD_BYTES = 256 * 1024;
const BATCH_BYTES = 256 * 1024;
const HIGH_BYTES = 4 << 20;
const LOW_BYTES = 1 << 20;
const CALM_MS = 1000;

export interface FileWriterNeeds {
  base: string;
  settings: LogSettings;
  /** JSON of the attributes, '' for none. */
  attributes: string;
  live: LiveLog;
  flood: Flood;
  /** Scratch space of the main thread, empty between calls. */
  block: Block;
  nowNs(): bigint;
  warn(message: string): void;
}

interface Batch {
  bytes: Buffer<ArrayBuffer>;
  length: number;
  parts: [stream: 0 | 1, length: number][];
  timestamp: string;
}

/**
 * Writes one log, by two ways:
 *
 *     here ──more than 256 KiB/s──► there ──calm for 1 s──► leaving ──closed──► here
 *     (main thread, at once)        (worker, in batches)    (batches wait)
 *
 * A container that prints a line pays some microseconds and no thread; one that floods does not stop the event loop.
 */
export class FileWriter implements LogWriter {
  readonly #needs: FileWriterNeeds;
  readonly #file: RotatingFile;
  readonly #compressor: Compressor | undefined;
  #encoder: LineEncoder;
  #mode: 'here' | 'there' | 'leaving' | 'closed' = 'here';
  #log = 0;
  #allowance = FLOOD_BYTES;
  #lastMs = 0;
  #lastNs = 0n;
  #waiting: Batch[] = [];
  #spare: ArrayBuffer[] = [];
  #inFlight: number[] = [];
  #inFlightBytes = 0;
  #acceptedBytes = 0;
  #doneBytes = 0;
  #room = Promise.withResolvers<void>();
  #isFull = false;
  #left = Promise.withResolvers<void>();
  #calm: NodeJS.Timeout | undefined;
  #closing: Promise<void> | undefined;
  #lost = false;
  /** The worker was told to close for good. */
  #isFinal = false;

  constructor(needs: FileWriterNeeds) {
    this.#needs = needs;
    const { base, settings, live, attributes } = needs;
    this.#file = new RotatingFile(base, settings.maxBytes, settings.maxFiles);
    this.#file.open();
    this.#encoder = new LineEncoder(attributes);
    this.#compressor = settings.compress ? new Compressor(base, settings.maxFiles, live) : undefined;
    live.settle = () => this.#settle();
  }

  write(stream: StreamName, chunk: Buffer): boolean {
    if (this.#mode === 'closed' || chunk.length === 0) return true;
    const isFlood = this.#spend(chunk.length);
    if (this.#mode === 'here') {
      if (!isFlood && !this.#wouldTakeFromFollower(chunk.length)) {
        this.#writeHere(stream, chunk);
        return true;
      }
      this.#goThere();
    }
    const { dropAboveBytes } = this.#needs.settings;
    if (dropAboveBytes !== undefined && this.#backlog() + chunk.length > dropAboveBytes) return true;
    this.#enqueue(stream, chunk);
    this.#send();
    this.#isFull = dropAboveBytes === undefined && this.#backlog() > HIGH_BYTES;
    return !this.#isFull;
  }

  async drained(): Promise<void> {
    while (this.#isFull) await this.#room.promise;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    clearTimeout(this.#calm);
    while (this.#mode === 'leaving') await this.#left.promise;
    if (this.#mode === 'there') {
      this.#send(true);
      this.#isFinal = true;
      this.#mode = 'leaving';
      this.#needs.flood.post({ op: 'close', log: this.#log, flush: true });
      await this.#left.promise;
    } else {
      this.#stamp();
      this.#encoder.flush(this.#needs.block);
      this.#drainBlock();
    }
    this.#file.close();
    this.#mode = 'closed';
    await this.#compressor?.idle();
    this.#needs.live.isClosed = true;
    this.#needs.live.notify();
  }

  /** Takes from the allowance, which grows with time. True: this is a flood. */
  #spend(bytes: number): boolean {
    const now = performance.now();
    this.#allowance = Math.min(FLOOD_BYTES, this.#allowance + ((now - this.#lastMs) * FLOOD_BYTES) / 1000);
    this.#lastMs = now;
    this.#allowance -= bytes;
    if (this.#allowance >= 0) return false;
    this.#allowance = Math.max(this.#allowance, -FLOOD_BYTES);
    return true;
  }

  /** Here a rotation cannot wait for a follower; there it can. */
  #wouldTakeFromFollower(bytes: number): boolean {
    const { live, settings } = this.#needs;
    return live.followers.size > 0 && this.#file.size + bytes * 6 + 4096 > settings.maxBytes;
  }

  /** The time now, never before the last, and never the same: a reader that resumes with `since` can tell chunks apart. */
  #stamp(): string {
    const now = this.#needs.nowNs();
    this.#lastNs = now > this.#lastNs ? now : this.#lastNs + 1n;
    const text = formatTimestamp(this.#lastNs);
    this.#encoder.setTime(text);
    return text;
  }

  #writeHere(stream: StreamName, chunk: Buffer): void {
    this.#stamp();
    for (let at = 0; at < chunk.length; ) {
      at = this.#encoder.encode(stream, chunk, at, this.#needs.block);
      this.#drainBlock();
    }
    this.#needs.live.notify();
  }

  #drainBlock(): void {
    const { block, live } = this.#needs;
    try {
      for (let from = 0; from < block.length; ) {
        const next = this.#file.append(block, from);
        if (next === from) {
          this.#file.rotate();
          this.#compressor?.add(live.generation);
          live.rotated();
        }
        from = next;
      }
    } catch (error) {
      this.#reportLoss(error instanceof Error ? error.message : String(error));
    } finally {
      block.length = 0;
    }
  }

  /** Losing log lines must not stop the container; said once. */
  #reportLoss(reason: string): void {
    if (!this.#lost) this.#needs.warn(`log lines are lost: ${this.#needs.base}: ${reason}`);
    this.#lost = true;
  }

  #goThere(): void {
    const { base, settings, attributes, flood } = this.#needs;
    this.#file.close();
    this.#mode = 'there';
    this.#left = Promise.withResolvers<void>();
    this.#log = flood.join({ onMessage: (message) => this.#hear(message), onDeath: (error) => this.#comeBack(error) });
    const { maxBytes, maxFiles } = settings;
    flood.post({ op: 'open', log: this.#log, base, maxBytes, maxFiles, attributes, carry: this.#encoder.takeCarry() });
  }

  #backlog(): number {
    return this.#acceptedBytes - this.#doneBytes;
  }

  #enqueue(stream: StreamName, chunk: Buffer): void {
    this.#acceptedBytes += chunk.length;
    const index = stream === 'stdout' ? 0 : 1;
    for (let at = 0; at < chunk.length; ) {
      let batch = this.#waiting.at(-1);
      if (batch === undefined || batch.length === batch.bytes.length) {
        const bytes = Buffer.from(this.#spare.pop() ?? new ArrayBuffer(BATCH_BYTES));
        batch = { bytes, length: 0, parts: [], timestamp: this.#stamp() };
        this.#waiting.push(batch);
      }
      const length = Math.min(chunk.length - at, batch.bytes.length - batch.length);
      chunk.copy(batch.bytes, batch.length, at, at + length);
      batch.length += length;
      const last = batch.parts.at(-1);
      if (last?.[0] === index) last[1] += length;
      else batch.parts.push([index, length]);
      at += length;
    }
  }

  /** Full batches go at once; one that is not full waits while the worker has work. */
  #send(all = false): void {
    if (this.#mode !== 'there') return;
    for (let batch = this.#waiting[0]; batch !== undefined; batch = this.#waiting[0]) {
      if (!all && batch.length < batch.bytes.length && this.#inFlightBytes > 0) return;
      this.#waiting.shift();
      this.#inFlight.push(batch.length);
      this.#inFlightBytes += batch.length;
      const { parts, timestamp } = batch;
      const bytes = batch.bytes.buffer;
      this.#needs.flood.post({ op: 'write', log: this.#log, timestamp, parts, bytes }, [bytes]);
    }
    clearTimeout(this.#calm);
  }

  #hear(message: FromFlood): void {
    if ('error' in message && message.error !== undefined) this.#reportLoss(message.error);
    if (message.op === 'written') this.#onWritten(message.bytes);
    else if (message.op === 'full') void this.#onFull();
    else if (message.op === 'rotated') {
      this.#compressor?.add(this.#needs.live.generation);
      this.#needs.live.rotated();
    } else if (message.op === 'closed') {
      this.#encoder = new LineEncoder(this.#needs.attributes, message.carry);
      this.#comeBack(undefined);
    } else message satisfies never;
  }

  #onWritten(buffer: ArrayBuffer): void {
    if (this.#spare.length < 4) this.#spare.push(buffer);
    const bytes = this.#inFlight.shift() ?? 0;
    this.#inFlightBytes -= bytes;
    this.#doneBytes += bytes;
    this.#makeRoom();
    this.#send();
    if (this.#backlog() === 0) {
      clearTimeout(this.#calm);
      this.#calm = setTimeout(() => this.#leave(), CALM_MS);
      this.#calm.unref();
    }
  }

  #makeRoom(): void {
    this.#needs.live.notify();
    if (this.#backlog() > LOW_BYTES) return;
    this.#isFull = false;
    this.#room.resolve();
    this.#room = Promise.withResolvers<void>();
  }

  async #onFull(): Promise<void> {
    await this.#needs.live.waitForFollowers();
    this.#needs.live.isRotating = true;
    this.#needs.flood.post({ op: 'rotate', log: this.#log });
  }

  #leave(): void {
    if (this.#mode !== 'there' || this.#backlog() > 0) return;
    this.#mode = 'leaving';
    this.#needs.flood.post({ op: 'close', log: this.#log, flush: false });
  }

  /** The worker has closed the file (or is gone): it is ours again. */
  #comeBack(death: Error | undefined): void {
    const { flood, live } = this.#needs;
    flood.leave(this.#log);
    live.isRotating = false;
    if (death !== undefined) {
      this.#reportLoss(death.message);
      this.#doneBytes += this.#inFlightBytes;
      this.#inFlight = [];
      this.#inFlightBytes = 0;
    }
    this.#spare = [];
    this.#mode = this.#isFinal ? 'closed' : 'here';
    if (this.#mode === 'here') this.#resume();
    this.#left.resolve();
    this.#makeRoom();
  }

  #resume(): void {
    try {
      this.#file.open();
    } catch (error) {
      this.#reportLoss(error instanceof Error ? error.message : String(error));
    }
    if (this.#waiting.length === 0) return;
    this.#goThere();
    this.#send();
  }

  async #settle(): Promise<void> {
    const accepted = this.#acceptedBytes;
    this.#send(true);
    while (this.#doneBytes < accepted && !this.#needs.live.isClosed) await this.#needs.live.changed();
    while (this.#needs.live.isRotating) await this.#needs.live.changed();
  }
}

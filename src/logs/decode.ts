import type { LogEntry } from './contract.ts';
import { parseTimestamp } from './timestamp.ts';

const PREFIX = Buffer.from('{"log":"');
const MIDDLE = Buffer.from('","stream":"');
const TIME = Buffer.from('"time":"');
const BACKSLASH = 0x5c;
const NEWLINE = Buffer.from('\n');

/** Reads lines of the json-file format back. Lines of one block often have one time: it is parsed once. */
export class LineDecoder {
  #timeText = '';
  #timeNs = 0n;

  /** Undefined for a line that is none (torn, or written by someone else). */
  decode(line: Buffer): LogEntry | undefined {
    return this.#quick(line) ?? this.#slow(line);
  }

  /** The time alone; undefined if there is none. */
  timeOf(line: Buffer): bigint | undefined {
    const at = line.lastIndexOf(TIME);
    return at < 0 ? undefined : this.#time(line.toString('latin1', at + TIME.length, line.lastIndexOf(0x22)));
  }

  #quick(line: Buffer): LogEntry | undefined {
    if (line.length < PREFIX.length || line.compare(PREFIX, 0, PREFIX.length, 0, PREFIX.length) !== 0) return undefined;
    const end = line.indexOf(MIDDLE, PREFIX.length);
    if (end < 0) return undefined;
    const rest = line.toString('latin1', end + MIDDLE.length);
    const stream = rest.startsWith('stdout"') ? 'stdout' : rest.startsWith('stderr"') ? 'stderr' : undefined;
    if (stream === undefined || !rest.startsWith(',"time":"', 7) || !rest.endsWith('"}')) return undefined;
    const timeNs = this.#time(rest.slice(16, -2));
    if (timeNs === undefined) return undefined;
    const text = plainText(line, PREFIX.length, end);
    return text === undefined ? undefined : { stream, timeNs, ...text };
  }

  #slow(line: Buffer): LogEntry | undefined {
    let found: unknown;
    try {
      found = JSON.parse(line.toString());
    } catch {
      return undefined;
    }
    if (typeof found !== 'object' || found === null) return undefined;
    const { log, stream, time, attrs } = found as Record<string, unknown>;
    if (typeof log !== 'string' || typeof time !== 'string') return undefined;
    const timeNs = this.#time(time);
    if (timeNs === undefined || (stream !== 'stdout' && stream !== 'stderr')) return undefined;
    const entry: LogEntry = { stream, timeNs, line: Buffer.from(log), partial: !log.endsWith('\n') };
    if (typeof attrs === 'object' && attrs !== null) entry.attributes = attrs as Record<string, string>;
    return entry;
  }

  #time(text: string): bigint | undefined {
    if (text === this.#timeText) return this.#timeNs;
    const ns = parseTimestamp(text);
    if (ns === undefined) return undefined;
    this.#timeText = text;
    this.#timeNs = ns;
    return ns;
  }
}

/** The text between `start` and `end`, copied; undefined if it takes a real JSON parser. */
function plainText(line: Buffer, start: number, end: number): { line: Buffer; partial: boolean } | undefined {
  const slash = line.indexOf(BACKSLASH, start);
  if (slash < 0 || slash >= end) return { line: Buffer.from(line.subarray(start, end)), partial: true };
  if (slash === end - 2 && line[end - 1] === 0x6e)
    return { line: Buffer.concat([line.subarray(start, slash), NEWLINE]), partial: false };
  return undefined;
}

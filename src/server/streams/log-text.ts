import { FRAME_HEADER_BYTES, writeFrameHeader } from '../../api/index.ts';
import type { LogEntry } from '../../logs/index.ts';

export interface LogFormat {
  timestamps: boolean;
  details: boolean;
  /** Raw text for terminals, frames for everything else. */
  tty: boolean;
}

/** A batch of log lines as the client gets it, in one buffer. */
export function encodeLogEntries(entries: readonly LogEntry[], format: LogFormat): Buffer {
  const headerBytes = format.tty ? 0 : FRAME_HEADER_BYTES;
  const prefixes = entries.map((entry) => prefixOf(entry, format));
  let sizeBytes = 0;
  for (const [index, entry] of entries.entries()) {
    sizeBytes += headerBytes + (prefixes[index]?.length ?? 0) + entry.line.length;
  }
  const out = Buffer.allocUnsafe(sizeBytes);
  let at = 0;
  for (const [index, entry] of entries.entries()) {
    const prefix = prefixes[index] ?? '';
    if (!format.tty) writeFrameHeader(out, at, entry.stream, prefix.length + entry.line.length);
    at += headerBytes;
    at += out.write(prefix, at, 'latin1');
    at += entry.line.copy(out, at);
  }
  return out;
}

/** Everything before the line; ASCII only, so that its length is its size. */
function prefixOf(entry: LogEntry, format: LogFormat): string {
  const time = format.timestamps ? `${formatTimestamp(entry.timeNs)} ` : '';
  return format.details ? `${time}${formatDetails(entry.attributes ?? {})} ` : time;
}

/** RFC 3339 in UTC, always with nine digits. */
export function formatTimestamp(timeNs: bigint): string {
  const seconds = new Date(Number(timeNs / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(timeNs % 1_000_000_000n).padStart(9, '0')}Z`;
}

function formatDetails(attributes: Record<string, string>): string {
  return Object.keys(attributes)
    .sort()
    .map((key) => `${queryEscape(key)}=${queryEscape(attributes[key] ?? '')}`)
    .join(',');
}

/** Go's url.QueryEscape. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll('%20', '+')
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Writes one chunk and, when the reader is behind, waits until it has caught up: a client that stops reading stops its
 * producer. Resolves also when the stream is closed meanwhile; `signal` tells that case apart.
 */
export async function writeChunk(output: Writable, chunk: string | Uint8Array, signal: AbortSignal): Promise<void> {
  if (output.destroyed || output.writableEnded) return;
  if (output.write(chunk)) return;
  try {
    await once(output, 'drain', { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

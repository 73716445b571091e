import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import type { DetachKeys } from './detach-keys.ts';

/** Copies a client's bytes to a process until either ends or the detach keys come. Never rejects. */
export async function pumpInput(
  input: Readable,
  stdin: Writable,
  keys: DetachKeys | undefined,
): Promise<'end' | 'detached'> {
  try {
    for await (const chunk of input as AsyncIterable<Buffer>) {
      const { pass, isDetached } = keys?.scan(chunk) ?? { pass: chunk, isDetached: false };
      if (stdin.destroyed || stdin.writableEnded) return 'end';
      if (pass.length > 0 && !stdin.write(pass)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')]);
      if (isDetached) return 'detached';
    }
  } catch {
    // A client that broke off or a process that closed its input: both are the end of the copy.
  }
  return 'end';
}

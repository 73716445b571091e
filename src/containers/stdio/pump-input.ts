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
      if (pass.length > 0 && !stdin.write(pass)) await drainedOrClosed(stdin);
      if (isDetached) return 'detached';
    }
  } catch {
    // A client that broke off or a process that closed its input: both are the end of the copy.
  }
  return 'end';
}

/** Takes both listeners off again: a pause a chunk must not leave one behind each time. */
function drainedOrClosed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of ['drain', 'close', 'error']) stream.off(event, done);
      resolve();
    };
    for (const event of ['drain', 'close', 'error']) stream.on(event, done);
  });
}

import type { TarEntry } from './header.ts';
import { type TarLimits, TarParser } from './parser.ts';

export interface TarMember {
  entry: TarEntry;
  /** The contents, holes as zeros left out: chunks in order. Read it before the next member; what is left is skipped. */
  body: AsyncIterable<Buffer>;
}

type Event = { entry: TarEntry } | { chunk: Buffer } | { done: true };

/** The members of an archive, one after another, pulled: the source is read only as fast as the bodies are. */
export async function* readTar(
  source: AsyncIterable<Uint8Array>,
  limits: Partial<TarLimits> = {},
): AsyncGenerator<TarMember, void> {
  const queue: Event[] = [];
  const parser = new TarParser(
    {
      entry: (entry) => queue.push({ entry }),
      data: (chunk) => queue.push({ chunk: Buffer.from(chunk) }),
      entryEnd: () => queue.push({ done: true }),
    },
    limits,
  );
  const iterator = source[Symbol.asyncIterator]();
  let isEnded = false;
  const next = async (): Promise<Event | undefined> => {
    while (queue.length === 0 && !isEnded) {
      const { done, value } = await iterator.next();
      if (done) {
        parser.end();
        isEnded = true;
      } else parser.write(value);
    }
    return queue.shift();
  };
  try {
    for (;;) {
      const event = await next();
      if (event === undefined) return;
      if (!('entry' in event)) continue;
      let isRead = false;
      const body = async function* (): AsyncGenerator<Buffer, void> {
        while (!isRead) {
          const part = await next();
          if (part !== undefined && 'chunk' in part) yield part.chunk;
          else isRead = true;
        }
      };
      yield { entry: event.entry, body: body() };
      while (!isRead) {
        const part = await next();
        if (part === undefined || !('chunk' in part)) isRead = true;
      }
    }
  } finally {
    if (!isEnded) await iterator.return?.();
  }
}

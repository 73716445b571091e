/**
 * Finds the bytes that detach in what a terminal's client types. Bytes that may be the beginning of the sequence are
 * held back until they are not.
 */
export class DetachKeys {
  readonly #keys: Buffer;
  #matched = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** What the process gets of `chunk`, and whether the sequence was complete (what came after it is dropped). */
  scan(chunk: Buffer): { pass: Buffer; isDetached: boolean } {
    const keys = this.#keys;
    if (keys.length === 0) return { pass: chunk, isDetached: false };
    // The common case copies nothing: no key is pending and none is in the chunk.
    if (this.#matched === 0 && chunk.indexOf(keys[0] ?? 0) === -1) return { pass: chunk, isDetached: false };
    const out: number[] = [];
    for (const byte of chunk) {
      if (byte === keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === keys.length) {
          this.#matched = 0;
          return { pass: Buffer.from(out), isDetached: true };
        }
        continue;
      }
      for (const held of keys.subarray(0, this.#matched)) out.push(held);
      this.#matched = 0;
      if (byte === keys[0] && keys.length > 1) this.#matched = 1;
      else out.push(byte);
    }
    return { pass: Buffer.from(out), isDetached: false };
  }
}

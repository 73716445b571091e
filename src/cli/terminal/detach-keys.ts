import { invalidParameter } from '../../errors/index.ts';

const NAMED: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** `ctrl-p,ctrl-q` as bytes; empty text means none. @throws invalid-parameter `bad-detach-keys` */
export function parseDetachKeys(text: string): Buffer {
  if (text === '') return Buffer.alloc(0);
  const bytes = text.split(',').map((key) => {
    if (key.length === 1) return key.charCodeAt(0);
    const [, letter = ''] = /^ctrl-(.)$/i.exec(key) ?? [];
    const code = /[a-z]/i.test(letter) ? letter.toLowerCase().charCodeAt(0) - 96 : NAMED[letter];
    if (code === undefined)
      throw invalidParameter('bad-detach-keys', `invalid detach keys (${text}): Unknown character: '${key}'`);
    return code;
  });
  return Buffer.from(bytes);
}

/**
 * Looks for `keys` in what the user types. A key sequence may come in several chunks; what only looked like its beginning is
 * passed on with the next byte that shows it was not.
 */
export class DetachScanner {
  readonly #keys: Buffer;
  #matched = 0;

  constructor(keys: Buffer) {
    this.#keys = keys;
  }

  /** What to pass on of `chunk`, and whether the sequence is complete. */
  scan(chunk: Buffer): { pass: Buffer; isDetached: boolean } {
    if (this.#keys.length === 0) return { pass: chunk, isDetached: false };
    const pass: number[] = [];
    for (const byte of chunk) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { pass: Buffer.from(pass), isDetached: true };
        continue;
      }
      pass.push(...this.#keys.subarray(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) pass.push(byte);
    }
    return { pass: Buffer.from(pass), isDetached: false };
  }
}

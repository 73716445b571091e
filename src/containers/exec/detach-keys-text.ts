import { systemError } from '../../errors/index.ts';

const DEFAULT = Buffer.from([0x10, 0x11]);
const PUNCTUATION: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** `ctrl-p,ctrl-q`, `a,b`: the bytes; '' for the default. @throws system `bad-detach-keys` with Docker's text */
export function parseDetachKeys(text: string): Buffer {
  if (text === '') return DEFAULT;
  return Buffer.from(
    text.split(',').map((key) => {
      const byte = byteOf(key);
      if (byte === undefined) throw systemError('bad-detach-keys', `Invalid escape keys (${text}) provided`);
      return byte;
    }),
  );
}

function byteOf(key: string): number | undefined {
  if (key.length === 1) return key.charCodeAt(0) < 128 ? key.charCodeAt(0) : undefined;
  const letter = /^ctrl-(.)$/.exec(key)?.[1];
  if (letter === undefined) return undefined;
  if (letter >= 'a' && letter <= 'z') return letter.charCodeAt(0) - 96;
  return Object.hasOwn(PUNCTUATION, letter) ? PUNCTUATION[letter] : undefined;
}

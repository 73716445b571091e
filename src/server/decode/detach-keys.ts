import { invalidParameter } from '../../errors/index.ts';

const DEFAULT = Buffer.from([0x10, 0x11]);

/** `ctrl-p,ctrl-q`, `ctrl-a,a`, `a,b,c`: the bytes that detach. Empty: the default. */
export function parseDetachKeys(text: string): Buffer {
  if (text === '') return DEFAULT;
  const bytes: number[] = [];
  for (const key of text.split(',')) {
    const byte = keyByte(key);
    if (byte === undefined) throw invalidParameter('bad-detach-keys', `Invalid detach keys (${text}) provided`);
    bytes.push(byte);
  }
  return Buffer.from(bytes);
}

function keyByte(key: string): number | undefined {
  if (key.length === 1) return key.charCodeAt(0) < 128 ? key.charCodeAt(0) : undefined;
  const letter = /^ctrl-(.)$/.exec(key)?.[1];
  if (letter === undefined) return undefined;
  if (letter >= 'a' && letter <= 'z') return letter.charCodeAt(0) - 96;
  return { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 }[letter];
}

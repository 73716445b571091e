import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardTerminal, quoteUnsafe, stripEscapes } from './quote.ts';

const quoted: [what: string, text: string, shown: string][] = [
  ['plain text, tabs and line feeds', 'a\tb\n', 'a\tb\n'],
  ['wide and accented letters', 'é漢🐳', 'é漢🐳'],
  ['a colour', '\x1b[31mred', '\\x1b[31mred'],
  ['a title', '\x1b]0;x\x07', '\\x1b]0;x\\x07'],
  ['a carriage return', 'safe\rEVIL', 'safe\\x0dEVIL'],
  ['C1', '\x9b31m', '\\x9b31m'],
  ['delete', '\x7f', '\\x7f'],
  ['right-to-left override', 'a\u202eb', 'a\\u202eb'],
  ['isolates', '\u2066x\u2069', '\\u2066x\\u2069'],
];
for (const [what, text, shown] of quoted) test(`quote: ${what}`, () => assert.equal(quoteUnsafe(text), shown));

const stripped: [text: string, left: string][] = [
  ['\x1b[1;31mbold\x1b[0m', 'bold'],
  ['\x1b]8;;http://x\x1b\\link', 'link'],
  ['a\r\nb', 'a\nb'],
  ['\x1b[2K\x1b[1Gx', 'x'],
];
for (const [text, left] of stripped)
  test(`strip: ${JSON.stringify(text)}`, () => assert.equal(stripEscapes(text), left));

for (const isTTY of [true, false]) {
  test(`guard: strings are ${isTTY ? 'quoted' : 'kept'} and bytes pass, terminal ${isTTY}`, () => {
    const seen: string[] = [];
    const stream = { isTTY, write: (chunk: string | Uint8Array) => seen.push(Buffer.from(chunk).toString()) > 0 };
    guardTerminal(stream as unknown as NodeJS.WriteStream);
    stream.write('\x1b[1m');
    stream.write(Buffer.from('\x1b[1m'));
    assert.deepEqual(seen, [isTTY ? '\\x1b[1m' : '\x1b[1m', '\x1b[1m']);
  });
}

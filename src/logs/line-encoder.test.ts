import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineDecoder } from './decode.ts';
import { LineEncoder, MAX_PIECE, newBlock } from './line-encoder.ts';

const TIME = '2026-11-21T03:38:27.779678365Z';

/** What comes of these chunks of stdout, as the lines of the file. */
function encode(chunks: (string | Buffer)[], attributes = '', flush = true): string[] {
  const encoder = new LineEncoder(attributes);
  const block = newBlock(attributes, 0);
  encoder.setTime(TIME);
  let text = '';
  const drain = (): void => {
    text += block.bytes.toString('utf8', 0, block.length);
    block.length = 0;
  };
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    for (let at = 0; at < bytes.length; drain()) at = encoder.encode('stdout', bytes, at, block);
  }
  if (flush) encoder.flush(block);
  drain();
  return text.split('\n').slice(0, -1);
}

const line = (log: string): string => `{"log":"${log}","stream":"stdout","time":"${TIME}"}`;

// Each as dockerd 28 wrote it.
for (const [name, chunks, expected] of [
  ['nothing', [''], []],
  ['a line', ['hi\n'], ['hi\\n']],
  ['an empty line', ['\n'], ['\\n']],
  ['no newline', ['partial'], ['partial']],
  ['over chunks', ['a', 'b', 'c\nd', '\n\n'], ['abc\\n', 'd\\n', '\\n']],
  ['control characters', ['a\tb\x01\x7f<&>"\\/\r\n'], ['a\\u0009b\\u0001\x7f\\u003c\\u0026\\u003e\\"\\\\/\\r\\n']],
  ['UTF-8', ['é 😀 \u2028\u2029\u2027\n'], ['é 😀 \\u2028\\u2029\u2027\\n']],
  ['a character over chunks', [Buffer.from([0xc3]), Buffer.from([0xa9, 10])], ['é\\n']],
  ['bytes that are no text', [Buffer.from([0xff, 0xfe, 0x20, 0xc3, 10])], ['\\ufffd\\ufffd \\ufffd\\n']],
  ['overlong, surrogate', [Buffer.from([0xc0, 0x80, 0xed, 0xa0, 0x80, 10])], [`${'\\ufffd'.repeat(5)}\\n`]],
  ['a line as long as a piece', [`${'x'.repeat(MAX_PIECE)}\n`], [`${'x'.repeat(MAX_PIECE)}\\n`]],
  [
    'a long line in pieces',
    [`${'x'.repeat(40_000)}\nend\n`],
    ['x'.repeat(MAX_PIECE), 'x'.repeat(MAX_PIECE), `${'x'.repeat(40_000 - 2 * MAX_PIECE)}\\n`, 'end\\n'],
  ],
  [
    'a long line over chunks',
    ['y', 'x'.repeat(20_000), 'x\n'],
    [`y${'x'.repeat(MAX_PIECE - 1)}`, `${'x'.repeat(20_001 - MAX_PIECE + 1)}\\n`],
  ],
  ['a piece cuts no character', [`x${'é'.repeat(9000)}\n`], [`x${'é'.repeat(8191)}`, `${'é'.repeat(809)}\\n`]],
  ['nor over chunks', ['x', `${'é'.repeat(9000)}\n`], [`x${'é'.repeat(8191)}`, `${'é'.repeat(809)}\\n`]],
] as [string, (string | Buffer)[], string[]][]) {
  test(`encodes ${name}`, () => assert.deepEqual(encode(chunks), expected.map(line)));
}

test('attributes come before the time', () => {
  assert.deepEqual(encode(['x\n'], '{"E":"v"}'), [
    `{"log":"x\\n","stream":"stdout","attrs":{"E":"v"},"time":"${TIME}"}`,
  ]);
});

test('a start without newline is kept, and can be handed over', () => {
  assert.deepEqual(encode(['whole\nstart'], '', false), [line('whole\\n')]);
  const first = new LineEncoder('');
  const block = newBlock('', 0);
  first.encode('stderr', Buffer.from('sta'), 0, block);
  const second = new LineEncoder('', first.takeCarry());
  second.setTime(TIME);
  second.encode('stderr', Buffer.from('rt\n'), 0, block);
  assert.equal(JSON.parse(block.bytes.toString('utf8', 0, block.length)).log, 'start\n');
});

test('whatever the chunks, the text is the same (random bytes)', () => {
  const bytes = Buffer.alloc(200_000, 0);
  for (let i = 0, seed = 1; i < bytes.length; i++) {
    seed = (seed * 48_271) % 2_147_483_647;
    bytes[i] = seed % 7 === 0 ? seed % 256 : 97 + (seed % 26);
  }
  const whole = encode([bytes]);
  for (const size of [1000, 4096, 65_537]) {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    assert.ok(encode(chunks).join('\n') === whole.join('\n'), `chunks of ${size}`);
  }
  const decoder = new LineDecoder();
  const text = whole.map((entry) => decoder.decode(Buffer.from(entry))?.line.toString()).join('');
  // Go replaces each byte of a broken character, JavaScript the broken character.
  const comparable = (of: string): string => of.replace(/\ufffd+/g, '\ufffd');
  assert.ok(comparable(text) === comparable(bytes.toString()));
});

test('decoding', () => {
  const decoder = new LineDecoder();
  const [encoded] = encode(['a "b"\\\t\n'], '{"k":"v"}');
  assert.deepEqual(decoder.decode(Buffer.from(encoded ?? '')), {
    stream: 'stdout',
    line: Buffer.from('a "b"\\\t\n'),
    timeNs: 1_795_232_307_779_678_365n,
    partial: false,
    attributes: { k: 'v' },
  });
  for (const torn of ['', '{"log":"x', '{"log":"x\\n","stream":"stdout","time":"no"}', '[]', 'null', '{"log":1}'])
    assert.equal(decoder.decode(Buffer.from(torn)), undefined, torn);
});

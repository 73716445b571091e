import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeFrame, FrameDecoder, type StreamName } from './frames.ts';

test('a frame is eight bytes of header and its payload', () => {
  assert.equal(encodeFrame('stderr', Buffer.from('abc')).toString('hex'), '0200000000000003616263');
});

test('frames come apart the same however the bytes are cut', () => {
  const bytes = Buffer.concat([
    encodeFrame('stdout', Buffer.from('hello\n')),
    encodeFrame('stderr', Buffer.alloc(0)),
    encodeFrame('stderr', Buffer.from('x'.repeat(70_000))),
    encodeFrame('stdin', Buffer.from('end')),
  ]);
  for (const step of [1, 3, 8, 4096, bytes.length]) {
    const got: Partial<Record<StreamName, string>> = {};
    const decoder = new FrameDecoder((stream, payload) => {
      got[stream] = (got[stream] ?? '') + payload.toString();
    });
    for (let at = 0; at < bytes.length; at += step) decoder.write(bytes.subarray(at, at + step));
    assert.deepEqual(got, { stdout: 'hello\n', stderr: 'x'.repeat(70_000), stdin: 'end' });
    assert.equal(decoder.isComplete, true);
  }
});

test('a stream that is cut, or is none, is noticed', () => {
  const decoder = new FrameDecoder(() => {});
  decoder.write(Buffer.from([1, 0, 0]));
  assert.equal(decoder.isComplete, false);
  assert.throws(() => new FrameDecoder(() => {}).write(Buffer.from('HTTP/1.1')), /Unrecognized input header: 72/);
});

import assert from 'node:assert/strict';
import { PassThrough, Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { FrameDecoder } from '../../api/index.ts';
import { DetachKeys } from './detach-keys.ts';
import { StdioHub } from './hub.ts';
import { pumpInput } from './pump-input.ts';

const KEYS = Buffer.from([0x10, 0x11]);
const bytes = (...values: number[]): Buffer => Buffer.from(values);

test('detach keys: whole, split over chunks, almost', () => {
  const whole = new DetachKeys(KEYS).scan(bytes(97, 0x10, 0x11, 98));
  assert.deepEqual([whole.pass.toString(), whole.isDetached], ['a', true]);
  const split = new DetachKeys(KEYS);
  assert.deepEqual([...split.scan(bytes(0x10)).pass], []);
  assert.equal(split.scan(bytes(0x11)).isDetached, true);
  const almost = new DetachKeys(KEYS);
  almost.scan(bytes(0x10));
  assert.deepEqual([...almost.scan(bytes(97)).pass], [0x10, 97]);
  const twice = new DetachKeys(KEYS);
  assert.deepEqual([...twice.scan(bytes(0x10, 0x10)).pass], [0x10]);
  assert.equal(twice.scan(bytes(0x11)).isDetached, true);
  const none = new DetachKeys(Buffer.alloc(0));
  assert.deepEqual([...none.scan(KEYS).pass], [...KEYS]);
  assert.equal(new DetachKeys(Buffer.from('q')).scan(Buffer.from('q')).isDetached, true);
});

function collector(): { output: Writable; text(): string } {
  const chunks: Buffer[] = [];
  const output = new Writable({
    write(chunk: Buffer, _, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { output, text: () => Buffer.concat(chunks).toString('latin1') };
}

test('output goes framed to each client that wants it, raw with a terminal', async () => {
  const hub = new StdioHub();
  const both = collector();
  const onlyErr = collector();
  const raw = collector();
  hub.add({ output: both.output, tty: false, stdout: true, stderr: true });
  hub.add({ output: onlyErr.output, tty: false, stdout: false, stderr: true });
  hub.add({ output: raw.output, tty: true, stdout: true, stderr: false });
  const logged: string[] = [];
  const log = {
    write: (stream: string, chunk: Buffer) => logged.push(`${stream}:${chunk}`) > 0,
    drained: async () => {},
    close: async () => {},
  };
  await hub.connect(
    { stdout: Readable.from([Buffer.from('out')]), stderr: Readable.from([Buffer.from('err')]), resize() {} },
    log,
  );
  const seen: string[] = [];
  const decoder = new FrameDecoder((stream, payload) => seen.push(`${stream}:${payload}`));
  decoder.write(Buffer.from(both.text(), 'latin1'));
  assert.deepEqual(seen.sort(), ['stderr:err', 'stdout:out']);
  assert.equal(onlyErr.text(), '\x02\0\0\0\0\0\0\x03err');
  assert.equal(raw.text(), 'out');
  assert.deepEqual(logged.sort(), ['stderr:err', 'stdout:out']);
});

test('a client that stops reading holds the process back; its end lets go', async () => {
  const hub = new StdioHub();
  const stuck = new Writable({ highWaterMark: 1, write() {} });
  const client = hub.add({ output: stuck, tty: true, stdout: true, stderr: false });
  let produced = 0;
  const stdout = new Readable({
    read() {
      if (produced >= 400) this.push(null);
      else if (this.push(Buffer.alloc(64 * 1024))) produced++;
      else produced++;
    },
  });
  const done = hub.connect({ stdout, resize() {} }, undefined);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.ok(produced < 60, `${produced} chunks of 64 KiB were taken from the process`);
  client.end();
  await done;
  assert.equal(produced, 400);
});

test('hold keeps output back until it is let go', async () => {
  const hub = new StdioHub();
  const { output, text } = collector();
  hub.add({ output, tty: true, stdout: true, stderr: true });
  const release = hub.hold();
  const stdout = new PassThrough();
  const done = hub.connect({ stdout, resize() {} }, undefined);
  stdout.end('x');
  await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(text(), '');
  release();
  await done;
  assert.equal(text(), 'x');
});

test('input: to its end, to the detach keys, or until the process has closed', async () => {
  const { output, text } = collector();
  assert.equal(await pumpInput(Readable.from([Buffer.from('ab'), Buffer.from('c')]), output, undefined), 'end');
  assert.equal(text(), 'abc');
  const keys = new DetachKeys(KEYS);
  assert.equal(await pumpInput(Readable.from([bytes(97, 0x10, 0x11)]), collector().output, keys), 'detached');
  const closed = collector().output;
  closed.destroy();
  assert.equal(await pumpInput(Readable.from([Buffer.from('x')]), closed, undefined), 'end');
});

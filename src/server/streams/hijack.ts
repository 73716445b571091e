import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { encodeFrame, isBefore } from '../../api/index.ts';
import type { AttachStreams } from '../../containers/index.ts';
import { messageOf } from '../../errors/index.ts';
import type { Exchange } from '../exchange.ts';
import { statusOf } from '../http-status.ts';

export const RAW_STREAM = 'application/vnd.docker.raw-stream';
export const MULTIPLEXED_STREAM = 'application/vnd.docker.multiplexed-stream';

/** What to call a process's output: multiplexed only without a terminal, and only to clients that know the word. */
export function streamType(version: string, tty: boolean): string {
  return tty || isBefore(version, '1.42') ? RAW_STREAM : MULTIPLEXED_STREAM;
}

/** Sockets whose request may turn them into a raw stream: what follows the request is not HTTP. */
const early = new WeakMap<Duplex, Buffer>();
export function keepEarlyBytes(socket: Duplex, bytes: Buffer): void {
  const before = early.get(socket);
  early.set(socket, before === undefined ? bytes : Buffer.concat([before, bytes]));
}

/** A connection taken out of HTTP: bytes both ways until `close`. */
export interface Hijacked {
  streams: AttachStreams;
  /** Aborted when the connection breaks or closes; a client's half-close is only the end of `streams.input`. */
  signal: AbortSignal;
  /** Sends what is left and closes. */
  close(): void;
}

/**
 * With `Upgrade` the answer is `101 UPGRADED`, without it a raw `200`: neither has a length or chunks, the bytes that
 * follow are the stream.
 */
export function hijack(exchange: Exchange, contentType: string, serverHeaders: string): Hijacked {
  exchange.isHijacked = true;
  const { upgraded } = exchange;
  const type = upgraded === undefined ? RAW_STREAM : contentType;
  const head = upgraded === undefined ? '200 OK' : '101 UPGRADED';
  const upgrade = upgraded === undefined ? '' : 'Connection: Upgrade\r\nUpgrade: tcp\r\n';
  const socket = upgraded?.socket ?? takeSocket(exchange);
  socket.write(`HTTP/1.1 ${head}\r\nContent-Type: ${type}\r\n${upgrade}${serverHeaders}\r\n`);
  const gone = new AbortController();
  socket.on('error', () => gone.abort());
  socket.once('close', () => gone.abort());
  if ('setTimeout' in socket) (socket as Socket).setTimeout(0);
  return {
    streams: { input: inputOf(socket, upgraded?.head), output: socket },
    signal: gone.signal,
    close: () => closeGently(socket),
  };
}

/** An error before the stream began, in dockerd's form: bare text under a raw head. */
export function refuseHijack(exchange: Exchange, error: unknown, serverHeaders: string): void {
  exchange.isHijacked = true;
  const socket = exchange.upgraded?.socket ?? takeSocket(exchange);
  const status = statusOf(error);
  const body = `${messageOf(error)}\r\n`;
  socket.on('error', () => {});
  socket.write(
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nContent-Type: ${RAW_STREAM}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n${serverHeaders}\r\n${body}`,
  );
  closeGently(socket);
}

/** An error after the stream began goes into the stream, where the process's output would be. */
export function failInBand(hijacked: Hijacked, tty: boolean, error: unknown): void {
  const { output } = hijacked.streams;
  if (output.destroyed || output.writableEnded) return;
  const text = Buffer.from(`${messageOf(error)}\r\n`);
  output.write(tty ? text : encodeFrame('stdout', text));
}

/**
 * The client's bytes as a stream of their own: whoever reads it may destroy it (a `for await` does) without cutting the
 * output, which shares the socket.
 */
function inputOf(socket: Duplex, head: Buffer | undefined): Readable {
  const input = new Readable({
    read() {
      socket.resume();
    },
    destroy(error, done) {
      // Nobody wants the rest, but the client's close must still be seen.
      socket.resume();
      done(error);
    },
  });
  if (head === undefined) {
    // Node's parser is still at the packet that held the request: bytes after it are handed over when it gives up on them.
    setImmediate(() => {
      pushBytes(input, early.get(socket));
      early.delete(socket);
    });
  } else pushBytes(input, head);
  socket.on('data', (chunk: Buffer) => {
    if (!input.destroyed && !input.push(chunk)) socket.pause();
  });
  socket.once('end', () => input.destroyed || input.push(null));
  socket.once('close', () => input.destroyed || input.readableEnded || input.push(null));
  return input;
}

function pushBytes(input: Readable, bytes: Buffer | undefined): void {
  if (bytes !== undefined && bytes.length > 0 && !input.destroyed) input.push(bytes);
}

/** The socket under a request that did not ask to upgrade: Node's parser lets go of it. */
function takeSocket(exchange: Exchange): Socket {
  const { response, request } = exchange;
  const { socket } = request;
  response.detachSocket(socket);
  for (const event of ['data', 'end', 'drain', 'timeout'] as const) socket.removeAllListeners(event);
  return socket;
}

function closeGently(socket: Duplex): void {
  if (socket.destroyed) return;
  socket.end(() => {
    // The kernel has the rest of our bytes; what the client still sends is read away, so that no reset eats them.
    socket.resume();
    const kill = setTimeout(() => socket.destroy(), 1000);
    kill.unref();
    socket.once('end', () => socket.destroy());
    socket.once('close', () => clearTimeout(kill));
    if (socket.readableEnded) socket.destroy();
  });
}

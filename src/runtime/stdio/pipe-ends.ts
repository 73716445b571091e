import { Socket } from 'node:net';
import type { Readable, Writable } from 'node:stream';
import { setNonBlocking } from '../../host/index.ts';
import type { ProcessEnds } from './process-ends.ts';
import { type Beginning, ProcessOutput } from './process-output.ts';

export interface PipeDescriptors {
  /** Reading ends, non-blocking. */
  out: number;
  err: number;
  /** Writing end. */
  in?: number;
}

/** Streams over pipes or FIFOs, by epoll (never the thread pool: a blocked read would hold one of its few threads). */
export function pipeEnds(fds: PipeDescriptors, beginning: Beginning): ProcessEnds {
  const stdout = new ProcessOutput(reading(fds.out), fds.out);
  const stderr = new ProcessOutput(reading(fds.err), fds.err, beginning);
  const stdin = fds.in === undefined ? undefined : writing(fds.in);
  const io = { stdout: stdout as Readable, stderr: stderr as Readable, resize: () => {}, ...(stdin && { stdin }) };
  return { io, outputs: [stdout, stderr], ...(stdin && { stdin }) };
}

const reading = (fd: number): Socket => new Socket({ fd, readable: true, writable: false });

function writing(fd: number): Writable {
  const socket = new Socket({ fd, readable: false, writable: true });
  // EPIPE: the process has closed its stdin. Whoever writes sees the stream close.
  socket.on('error', () => {});
  return socket;
}

/** The reading end of an unnamed pipe as `pipeEnds` wants it. */
export function asReadingEnd(fd: number): number {
  setNonBlocking(fd);
  return fd;
}

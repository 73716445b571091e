import { encodeFrame } from '../api/index.ts';
import { conflict } from '../errors/index.ts';
import type { Container } from './container.ts';
import type { Context } from './context.ts';
import type { AttachRequest, AttachStreams } from './contract.ts';
import { DetachKeys } from './stdio/detach-keys.ts';
import { pumpInput } from './stdio/pump-input.ts';

type Needs = Pick<Context, 'logs' | 'events' | 'directory'>;

/** A client on a container's streams. It may come before the start and waits for it then. */
export function attachContainer(
  needs: Needs,
  ref: string,
  request: AttachRequest,
): { tty: boolean; run(streams: AttachStreams, signal: AbortSignal): Promise<void> } {
  const container = needs.directory.get(ref);
  const { status } = container.record.state;
  if (status === 'paused') {
    throw conflict('container-paused', `container ${ref} is paused, unpause the container before attach`);
  }
  if (status === 'restarting') {
    throw conflict('container-restarting', `container ${ref} is restarting, wait until the container is running`);
  }
  const tty = container.record.config.Tty ?? false;
  return { tty, run: (streams, signal) => runAttach(needs, container, request, streams, signal) };
}

async function runAttach(
  needs: Needs,
  container: Container,
  request: AttachRequest,
  streams: AttachStreams,
  signal: AbortSignal,
): Promise<void> {
  const { hub, id } = container;
  const { Tty: tty = false, OpenStdin: isOpen = false, StdinOnce: isOnce = false } = container.record.config;
  const { output, input } = streams;
  // Registered before anything is awaited: what the container prints from here on is this client's too.
  const release = request.logs ? hub.hold() : undefined;
  const client = request.stream ? hub.add({ output, tty, stdout: request.stdout, stderr: request.stderr }) : undefined;
  needs.events.publish('container', 'attach', { id, attributes: container.attributes });
  try {
    if (request.logs) await replay(needs, container, request, streams, signal);
  } finally {
    release?.();
  }
  if (client === undefined) return;
  const aborted = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const ends: Promise<unknown>[] = [client.ended, aborted];
  const hasOutput = request.stdout || request.stderr;
  if (request.stdin && isOpen) ends.push(copyInput());
  else input.resume();
  await Promise.race(ends);
  client.end();

  /** Resolves only when the end of the input is the end of the attachment. */
  async function copyInput(): Promise<void> {
    const stdin = await Promise.race([hub.stdin(), client?.ended, aborted]);
    if (!stdin) return;
    const end = await pumpInput(input, stdin, tty ? new DetachKeys(request.detachKeys) : undefined);
    if (end === 'detached') {
      needs.events.publish('container', 'detach', { id, attributes: container.attributes });
      return;
    }
    if (isOnce && !tty) stdin.end();
    if (isOnce && !tty && hasOutput) await new Promise(() => {});
  }
}

/** What was printed so far, while the hub holds back what comes next: no gap, nothing twice. */
async function replay(
  { logs }: Needs,
  container: Container,
  request: AttachRequest,
  { output }: AttachStreams,
  signal: AbortSignal,
): Promise<void> {
  const { Tty: tty = false } = container.record.config;
  const options = { stdout: request.stdout, stderr: request.stderr, follow: false };
  for await (const entries of logs.read(container.logged, options, signal)) {
    for (const { stream, line } of entries) {
      const isTaken = output.write(tty ? line : encodeFrame(stream, line));
      if (!isTaken && !output.destroyed) await drained(output, signal);
      if (output.destroyed || signal.aborted) return;
    }
  }
}

function drained(output: AttachStreams['output'], signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      output.off('drain', done);
      output.off('close', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    output.once('drain', done);
    output.once('close', done);
    signal.addEventListener('abort', done, { once: true });
  });
}

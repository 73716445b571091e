import assert from 'node:assert/strict';
import { closeSync, constants, openSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { bytesWaiting, makePipe } from './fifo.ts';
import { PrivateMounts } from './private-mounts.ts';
import { type SpawnRequest, spawnProcess } from './process.ts';
import { identify, isAlive, signalProcess, takeDescriptor } from './process-identity.ts';
import { openTerminal, setTerminalSize } from './terminal.ts';

const nowhere = openSync('/dev/null', constants.O_RDWR);
const shell = (script: string, fds: SpawnRequest['fds'] = [nowhere, nowhere, nowhere]): SpawnRequest => ({
  path: '/bin/sh',
  args: ['sh', '-c', script],
  env: ['PATH=/usr/bin:/bin'],
  cwd: '/tmp',
  fds,
});

/** What a script prints. */
async function printed(script: string, start: (request: SpawnRequest) => { ended: Promise<number> }): Promise<string> {
  const pipe = makePipe();
  const { ended } = start(shell(script, [nowhere, pipe.writer, pipe.writer]));
  closeSync(pipe.writer);
  await ended;
  const text = readFileSync(pipe.reader, 'utf8');
  closeSync(pipe.reader);
  return text;
}

// A child's end is a signal, which does not keep the event loop alive.
let alive: NodeJS.Timeout;
before(() => {
  alive = setInterval(() => {}, 1_000_000);
});
after(() => {
  clearInterval(alive);
  closeSync(nowhere);
});

test('exit codes and signals', async () => {
  for (const code of [0, 1, 127, 255]) assert.equal(await spawnProcess(shell(`exit ${code}`)).ended, code);
  assert.equal(await spawnProcess(shell('kill -9 $$')).ended, 137);
  assert.throws(() => spawnProcess({ ...shell(''), path: '/nosuch' }), { code: 'ENOENT' });
});

test('a child has the descriptors named and no other, its own session, clean signals', async () => {
  const text = await printed(
    'ls /proc/self/fd | tr "\\n" " "; pwd; env; cut -d" " -f6 /proc/$$/stat; grep SigBlk /proc/self/status; kill -PIPE $$; echo no',
    spawnProcess,
  );
  const [fds, first, second, session, mask, ...rest] = text.split('\n');
  assert.equal(fds, '0 1 2 3 /tmp');
  assert.deepEqual(
    [first, second].filter((line) => !line?.startsWith('PWD=')),
    ['PATH=/usr/bin:/bin'],
  );
  assert.notEqual(session, readFileSync('/proc/self/stat', 'latin1').split(' ')[5]);
  assert.match(mask ?? '', /SigBlk:\s+0+$/);
  assert.deepEqual(rest, [''], 'SIGPIPE has its default action again');
});

test('sources that are targets too are not overwritten', async () => {
  const pipes = [makePipe(), makePipe()];
  const [a, b] = pipes.map(({ writer }) => writer) as [number, number];
  const fds: number[] = Array.from({ length: Math.max(a, b) + 1 }, () => nowhere);
  fds[a] = b;
  fds[b] = a;
  await spawnProcess(shell(`echo to-b >/proc/self/fd/${a}; echo to-a >/proc/self/fd/${b}`, fds)).ended;
  for (const { writer } of pipes) closeSync(writer);
  assert.deepEqual(
    pipes.map(({ reader }) => readFileSync(reader, 'utf8')),
    ['to-a\n', 'to-b\n'],
  );
  for (const { reader } of pipes) closeSync(reader);
});

test('a process is known by its start time too', async () => {
  const child = spawnProcess(shell('sleep 60'));
  const identity = identify(child.pid);
  assert.ok(identity !== undefined && isAlive(identity));
  assert.equal(signalProcess({ ...identity, startTicks: identity.startTicks - 1 }, 9), false);
  assert.ok(isAlive(identity));
  assert.equal(signalProcess(identity, 9), true);
  assert.equal(await child.ended, 137);
  assert.equal(signalProcess(identity, 9), false);
  assert.equal(identify(child.pid), undefined);
});

test('a descriptor is taken from another process', async () => {
  const pipe = makePipe();
  const child = spawnProcess(shell('sleep 60', [nowhere, nowhere, nowhere, pipe.writer]));
  closeSync(pipe.writer);
  const identity = identify(child.pid);
  assert.ok(identity !== undefined);
  const taken = takeDescriptor(identity, 3);
  assert.equal(readlinkSync(`/proc/self/fd/${taken}`), readlinkSync(`/proc/self/fd/${pipe.reader}`));
  signalProcess(identity, 9);
  await child.ended;
  assert.equal(takeDescriptor(identity, 3), undefined);
  closeSync(taken ?? -1);
  closeSync(pipe.reader);
});

test('a terminal as the controlling one, with its size', async () => {
  const { master, slavePath } = openTerminal();
  setTerminalSize(master, { height: 12, width: 34 });
  const slave = { path: slavePath, flags: constants.O_RDWR };
  assert.equal(await spawnProcess(shell('stty size >/dev/tty; sleep 0.05', [slave, slave, slave])).ended, 0);
  const buffer = Buffer.alloc(100);
  assert.ok(bytesWaiting(master) > 0);
  assert.equal(buffer.toString('utf8', 0, readSync(master, buffer)), '12 34\r\n');
  closeSync(master);
});

test('private mounts: children live without the mount, we come back, threads or not', async () => {
  const home = readlinkSync('/proc/thread-self/ns/mnt');
  const cwd = process.cwd();
  using mounts = new PrivateMounts('/proc');
  const worker = new Worker('setInterval(() => {}, 1000)', { eval: true });
  await new Promise((resolve) => worker.once('online', resolve));
  for (let turn = 0; turn < 3; turn++) {
    const text = await printed('ls /proc | wc -l; pwd', (request) => mounts.run(() => spawnProcess(request)));
    assert.equal(text, '0\n/tmp\n');
    assert.equal(readlinkSync('/proc/thread-self/ns/mnt'), home);
    assert.equal(process.cwd(), cwd);
  }
  await worker.terminate();
});

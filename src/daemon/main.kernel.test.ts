// The daemon as a process, C-15, its start and its end. Needs root.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const MAIN = join(import.meta.dirname, 'main.ts');
const folder = mkdtempSync(join(tmpdir(), 'berth-main-'));
const started: ChildProcess[] = [];
after(async () => {
  for (const child of started) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await sleep(100);
  rmSync(folder, { recursive: true, force: true });
});

interface Daemon {
  child: ChildProcess;
  socket: string;
  log(): string;
  ended: Promise<number | null>;
}

function start(
  name: string,
  args: string[] = [],
  options: { nodeFlags?: string[]; env?: NodeJS.ProcessEnv } = {},
): Daemon {
  const root = join(folder, name);
  const socket = join(root, 's');
  const roots = ['--data-root', join(root, 'data'), '--exec-root', join(root, 'run'), '--pidfile', join(root, 'pid')];
  const bridge = ['--bridge', `bm${process.pid % 100_000}${started.length}`.slice(0, 15)];
  const child = spawn(
    process.execPath,
    [...(options.nodeFlags ?? ['--disable-sigusr1']), MAIN, '-H', `unix://${socket}`, ...roots, ...bridge, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, NODE_OPTIONS: undefined, ...options.env } },
  );
  started.push(child);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (text += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return { child, socket, log: () => text, ended };
}

async function answering(daemon: Daemon): Promise<void> {
  for (let i = 0; i < 300; i++) {
    if (await ping(daemon.socket)) return;
    await sleep(20);
  }
  assert.fail(`the daemon does not answer:\n${daemon.log()}`);
}

const ping = (socketPath: string): Promise<boolean> =>
  new Promise((resolve) => {
    get({ socketPath, path: '/_ping', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    }).on('error', () => resolve(false));
  });

/** Inodes of the TCP sockets a process listens on. */
function listeningSockets(pid: number): string[] {
  const own = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        const { readlinkSync } = process.getBuiltinModule('node:fs');
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[3] === '0A' && own.has(fields[9] ?? ''))
      .map((fields) => fields[1] ?? ''),
  );
}

test('it answers soon, a second one on its data root ends at once, SIGTERM leaves nothing', async () => {
  const before = readFileSync('/proc/self/mountinfo', 'utf8');
  const daemon = start('one');
  await answering(daemon);
  const again = performance.now();
  const second = start('one');
  assert.equal(await second.ended, 1);
  assert.match(second.log(), new RegExp(`another daemon is running on .*\\(pid ${daemon.child.pid}\\)`));
  assert.ok(performance.now() - again < 3000, 'the second daemon took too long to give up');
  assert.equal(await ping(daemon.socket), true);

  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0, daemon.log());
  assert.equal(existsSync(daemon.socket), false);
  assert.equal(existsSync(join(folder, 'one/pid')), false);
  const lines = (text: string): string[] => text.split('\n').filter((line) => line.includes(folder));
  assert.deepEqual(lines(readFileSync('/proc/self/mountinfo', 'utf8')), lines(before));
});

// nobody may open a debugger in a program that is root.
test('SIGUSR1 and --inspect open nothing, and do no harm', async () => {
  const ways: { name: string; options: Parameters<typeof start>[2] }[] = [
    { name: 'flag', options: {} },
    { name: 'bare', options: { nodeFlags: [] } },
    { name: 'options', options: { env: { NODE_OPTIONS: '--inspect=127.0.0.1:0' } } },
    { name: 'argument', options: { nodeFlags: ['--inspect=127.0.0.1:0'] } },
  ];
  for (const { name, options } of ways) {
    const daemon = start(`usr1-${name}`, [], options);
    await answering(daemon);
    const pid = daemon.child.pid ?? 0;
    for (let i = 0; i < 3; i++) process.kill(pid, 'SIGUSR1');
    await sleep(100);
    assert.deepEqual(listeningSockets(pid), [], name);
    assert.equal(await ping(daemon.socket), true, name);
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
  }
});

test('A-02 it refuses to be reached by others without mutual TLS', async () => {
  for (const host of ['tcp://0.0.0.0:23751', 'tcp://[::]:23751']) {
    const daemon = start('open', ['-H', host]);
    let wasOpen = false;
    const poll = setInterval(() => {
      const socket = connect(23_751, '127.0.0.1', () => {
        wasOpen = true;
        socket.destroy();
      });
      socket.on('error', () => {});
    }, 5);
    assert.equal(await daemon.ended, 1);
    clearInterval(poll);
    assert.match(daemon.log(), /refusing to listen on tcp:/);
    assert.equal(wasOpen, false);
  }
});

test('sockets that systemd opened are served', async () => {
  const root = join(folder, 'fd');
  const socket = join(folder, 'fd.sock');
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(socket, resolve));
  // Closing a listener removes its file: under another name the socket stays for the daemon alone.
  renameSync(socket, `${socket}.systemd`);
  const { fd } = (listener as unknown as { _handle: { fd: number } })._handle;
  const roots = ['--data-root', join(root, 'data'), '--exec-root', join(root, 'run'), '--pidfile', join(root, 'pid')];
  const flags = ['-H', 'fd://', ...roots, '--bridge', `bmf${process.pid % 100_000}`];
  // LISTEN_PID has to be the daemon's own: a shell becomes it.
  const child = spawn(
    '/bin/sh',
    ['-c', 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', 'sh', process.execPath, '--disable-sigusr1', MAIN, ...flags],
    { stdio: ['ignore', 'ignore', 'inherit', fd] },
  );
  started.push(child);
  const ended = new Promise((resolve) => child.once('exit', resolve));
  listener.close();
  assert.equal(await ping(`${socket}.systemd`), true);
  child.kill('SIGTERM');
  assert.equal(await ended, 0);
});

test('a wrong setting is one clear line and exit 1', async () => {
  const cases: [string[], RegExp][] = [
    [['--nope'], /^berth daemon: failed to start: unknown flag: --nope\n$/],
    [['--config-file', '/no/such'], /unable to configure the Berth daemon with file \/no\/such: ENOENT/],
    [['--group', 'no-such-group'], /group no-such-group not found/],
    [['-H', `unix://${folder}/${'a'.repeat(120)}`], /longer than 107 bytes/],
    [['-H', `unix://${MAIN}`], /a file is in its place/],
  ];
  for (const [args, message] of cases) {
    const daemon = start('wrong', args);
    assert.equal(await daemon.ended, 1, args.join(' '));
    assert.match(daemon.log(), message);
  }
});

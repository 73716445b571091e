// What a container lives through: C-05 C-06 C-08 C-11, A-14 A-17 A-19, and the daemon's own death. Needs root and a real kernel.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { provideImage } from '../../support/busybox.ts';
import { type Engine, startEngine } from '../../support/engine.ts';

let engine: Engine;
before(async () => {
  engine = await startEngine();
  provideImage(engine);
});
after(() => engine.stop());

interface State {
  Status: string;
  Running: boolean;
  ExitCode: number;
  Pid: number;
  OOMKilled: boolean;
  FinishedAt: string;
}
const stateOf = async (name: string): Promise<State> =>
  (await engine.client.json<{ State: State }>({ method: 'GET', path: `/containers/${name}/json` })).State;

async function until(what: string, holds: () => Promise<boolean>, timeoutMs = 10_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(30)) if (await holds()) return;
  assert.fail(`not within ${timeoutMs} ms: ${what}`);
}

for (const code of [0, 1, 3, 42, 126, 127, 128, 200, 255]) {
  test(`exit code ${code} arrives`, () =>
    assert.equal(engine.berth(['run', '--rm', 'busybox', 'sh', '-c', `exit ${code}`]).code, code));
}

test('a command that is not there is 127, one that is not executable 126, a bad flag 125', () => {
  assert.equal(engine.berth(['run', '--rm', 'busybox', 'no-such-command']).code, 127);
  assert.equal(engine.berth(['run', '--rm', 'busybox', '/etc/passwd']).code, 126);
  assert.equal(engine.berth(['run', '--rm', '--memory', '1m', 'busybox', 'true']).code, 125);
});

test('stdin through a pipe, 20 MB, byte for byte', () => {
  const input = Buffer.alloc(20_000_000, 'abcdefghijklmnop');
  const ran = engine.berth(['run', '--rm', '-i', 'busybox', 'md5sum'], { input });
  assert.equal(ran.stdout.slice(0, 32), createHash('md5').update(input).digest('hex'), ran.stderr);
});

test('stdout, 50 MB, byte for byte; stderr apart from it', () => {
  const ran = engine.berth(['run', '--rm', 'busybox', 'sh', '-c', 'yes abcdefgh | head -c 50000000; echo late >&2']);
  assert.equal(
    createHash('md5').update(ran.stdout).digest('hex'),
    createHash('md5').update('abcdefgh\n'.repeat(5_555_556).slice(0, 50_000_000)).digest('hex'),
  );
  assert.equal(ran.stderr, 'late\n');
});

test('C-08 a container that ignores SIGTERM is killed when its time is up; a second stop is nothing new', async () => {
  engine.berth(['run', '-d', '--name', 'deaf', 'busybox', 'sh', '-c', "trap '' TERM; while :; do sleep 1; done"]);
  await sleep(300);
  const startedMs = Date.now();
  assert.equal(engine.berth(['stop', '-t', '2', 'deaf']).code, 0);
  const tookMs = Date.now() - startedMs;
  assert.ok(tookMs >= 1900 && tookMs < 4500, `${tookMs} ms`);
  assert.equal((await stateOf('deaf')).ExitCode, 137);
  const again = await engine.client.stream({ method: 'POST', path: '/containers/deaf/stop' });
  assert.equal(again.statusCode, 304);
  again.resume();
  engine.berth(['rm', '-f', 'deaf']);
});

test('C-08 a paused container can be stopped', async () => {
  engine.berth(['run', '-d', '--name', 'frozen', 'busybox', 'sleep', '1000']);
  assert.equal(engine.berth(['pause', 'frozen']).code, 0);
  assert.equal((await stateOf('frozen')).Status, 'paused');
  assert.equal(engine.berth(['stop', '-t', '1', 'frozen']).code, 0);
  assert.equal((await stateOf('frozen')).Running, false);
  engine.berth(['rm', '-f', 'frozen']);
});

test('A-14 a stop that may take 25 days does not kill at once', async () => {
  engine.berth(['run', '-d', '--name', 'patient', 'busybox', 'sh', '-c', "trap '' TERM; while :; do sleep 1; done"]);
  await sleep(300);
  const stopping = engine.spawn(['stop', '-t', '2200000', 'patient']);
  await sleep(3000);
  assert.equal((await stateOf('patient')).Running, true);
  stopping.kill('SIGKILL');
  engine.berth(['rm', '-f', 'patient']);
});

test('A-19 of many who want one name, one gets it', async () => {
  for (let round = 0; round < 5; round++) {
    const tries = await Promise.allSettled(
      Array.from({ length: 20 }, () =>
        engine.client.json<{ Id: string }>({
          method: 'POST',
          path: '/containers/create',
          query: { name: 'wanted' },
          body: { Image: 'busybox' },
        }),
      ),
    );
    const winners = tries.filter((one) => one.status === 'fulfilled');
    assert.equal(winners.length, 1);
    for (const one of tries)
      if (one.status === 'rejected')
        assert.match(String(one.reason), /Conflict. The container name "\/wanted" is already in use/);
    assert.equal(engine.berth(['rm', 'wanted']).code, 0);
  }
});

test('A-17 a client that stops reading 300 MB costs the daemon no memory', async () => {
  const rss = (): number =>
    Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${engine.pid()}/status`, 'utf8'))?.[1]) / 1024;
  engine.berth([
    'run',
    '-d',
    '--name',
    'flood',
    '--log-driver',
    'none',
    'busybox',
    'sh',
    '-c',
    'sleep 1; yes 0123456789abcdef | head -c 300000000',
  ]);
  const beforeMiB = rss();
  const { stream } = await engine.client.hijack({
    method: 'POST',
    path: '/containers/flood/attach',
    query: { stream: true, stdout: true },
  });
  stream.pause();
  await sleep(4000);
  const grownMiB = rss() - beforeMiB;
  assert.ok(grownMiB < 64, `${grownMiB.toFixed(0)} MiB`);
  assert.equal(engine.berth(['ps', '-q']).code, 0);
  stream.destroy();
  engine.berth(['rm', '-f', 'flood']);
});

test('C-11 execs with orphans leave no zombie behind', async () => {
  engine.berth(['run', '-d', '--name', 'busy', '--init', 'busybox', 'sleep', '1000']);
  for (let i = 0; i < 20; i++)
    assert.equal(engine.berth(['exec', 'busy', 'sh', '-c', `(sleep 0.1 &) ; exit ${i}`]).code, i);
  await sleep(500);
  const { readdirSync } = process.getBuiltinModule('node:fs');
  const zombies = readdirSync('/proc').filter((pid) => {
    try {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return /^State:\s+Z/m.test(status) && new RegExp(`^PPid:\\s+${engine.pid()}$`, 'm').test(status);
    } catch {
      return false;
    }
  });
  assert.deepEqual(zombies, []);
  engine.berth(['rm', '-f', 'busy']);
});

test('the daemon dies while containers print and end: nothing is lost, every exit code is right', async () => {
  engine.berth([
    'run',
    '-d',
    '--name',
    'printer',
    'busybox',
    'sh',
    '-c',
    'i=0; while [ $i -lt 60 ]; do echo line $i; i=$((i+1)); sleep 0.05; done; exit 7',
  ]);
  engine.berth(['run', '-d', '--name', 'ender', 'busybox', 'sh', '-c', 'sleep 0.7; echo last words; exit 42']);
  engine.berth([
    'run',
    '-d',
    '--name',
    'survivor',
    'busybox',
    'sh',
    '-c',
    'i=0; while :; do echo beat $i; i=$((i+1)); sleep 0.1; done',
  ]);
  await sleep(500);
  const { Pid } = await stateOf('survivor');
  await engine.kill();
  await sleep(1500);
  await engine.start();
  assert.equal((await stateOf('ender')).ExitCode, 42);
  assert.equal((await stateOf('ender')).Status, 'exited');
  await until('printer ends', async () => !(await stateOf('printer')).Running);
  assert.equal((await stateOf('printer')).ExitCode, 7);
  assert.equal(engine.berth(['logs', 'printer']).stdout, Array.from({ length: 60 }, (_, i) => `line ${i}\n`).join(''));
  assert.equal(engine.berth(['logs', 'ender']).stdout, 'last words\n');
  assert.equal((await stateOf('survivor')).Pid, Pid);
  await sleep(300);
  const beats = engine.berth(['logs', 'survivor']).stdout.trim().split('\n');
  assert.deepEqual(
    beats,
    Array.from({ length: beats.length }, (_, i) => `beat ${i}`),
  );
  assert.equal(engine.berth(['exec', 'survivor', 'sh', '-c', 'exit 5']).code, 5);
  engine.berth(['rm', '-f', 'printer', 'ender', 'survivor']);
});

test('C-06 a container whose process is gone when the daemon starts has ended', async () => {
  engine.berth(['run', '-d', '--name', 'lost', 'busybox', 'sleep', '1000']);
  const { Pid } = await stateOf('lost');
  await engine.kill();
  process.kill(Pid, 'SIGKILL');
  await engine.start();
  await until('lost has ended', async () => (await stateOf('lost')).Status === 'exited', 5000);
  assert.equal(engine.berth(['rm', 'lost']).code, 0);
});

test('C-05 a pid of somebody else in the place of a dead container is left alone', async () => {
  engine.berth(['run', '-d', '--name', 'ghost', 'busybox', 'sleep', '1000']);
  const { Pid } = await stateOf('ghost');
  await engine.kill();
  process.kill(Pid, 'SIGKILL');
  const { spawn } = process.getBuiltinModule('node:child_process');
  const bystander = spawn('sleep', ['60']);
  const { globSync, writeFileSync } = process.getBuiltinModule('node:fs');
  for (const file of globSync(`${engine.execRoot}/**/pid`)) writeFileSync(file, String(bystander.pid));
  await engine.start();
  engine.berth(['kill', 'ghost']);
  engine.berth(['rm', '-f', 'ghost']);
  assert.equal(bystander.exitCode, null);
  assert.equal(bystander.signalCode, null);
  bystander.kill();
});

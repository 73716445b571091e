import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { identify } from '../host/index.ts';
import type { Runtime, StdioMode } from './contract.ts';
import { makeTestPlace, type Outcome, outcomeOf, PIPED, shell, type TestPlace, testSpec } from './test-bundle.ts';

const SIGKILL = 9;
const TERMINAL: StdioMode = { tty: true, stdin: 'open' };
const OPEN: StdioMode = { tty: false, stdin: 'open' };

describe('after kill -9 of the daemon', () => {
  let place: TestPlace;
  let folder: string;
  let runtime: Runtime;
  const daemons: ChildProcess[] = [];

  before(async () => {
    place = makeTestPlace('recover');
    folder = dirname(place.rootfs);
    runtime = await place.open();
  });
  afterEach(() => {
    for (const daemon of daemons.splice(0)) daemon.kill('SIGKILL');
  });
  after(() => {
    runtime.close();
    assert.deepEqual(readdirSync(join(place.root, 'c')), []);
    assert.deepEqual(readdirSync(join(place.root, 'pids')), []);
    place.remove();
  });

  /** Starts a daemon with one container; kills it `afterMs` later. @returns what it had logged */
  async function lostDaemon(id: string, stdio: StdioMode, script: string, afterMs: number): Promise<string> {
    const daemon = spawn(
      process.execPath,
      [join(import.meta.dirname, 'test-daemon.ts'), folder, id, JSON.stringify(stdio), script],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    daemons.push(daemon);
    await once(daemon.stdout, 'data');
    await sleep(afterMs);
    daemon.kill('SIGKILL');
    await once(daemon, 'exit');
    return existsSync(join(folder, `${id}.log`)) ? readFileSync(join(folder, `${id}.log`), 'utf8') : '';
  }

  /** @returns the state found, and what came out in all */
  async function recover(
    id: string,
    stdio: StdioMode,
    logged: string,
  ): Promise<Outcome & { state: string; all: string }> {
    const found = await runtime.recover(id, stdio);
    assert.notEqual(found.state, 'unknown');
    if (found.state === 'unknown') throw new Error('unknown');
    const outcome = await outcomeOf(found.process);
    await runtime.release(id);
    return { ...outcome, state: found.state, all: (logged + outcome.out + outcome.err).replaceAll('\r', '') };
  }

  const numbers = (count: number): string => Array.from({ length: count }, (_, index) => `${index + 1}\n`).join('');

  test('it prints during the outage and ends', async () => {
    const logged = await lostDaemon('ends', PIPED, 'echo 1; sleep 0.2; echo 2; echo 3; exit 42', 50);
    await sleep(500);
    const found = await recover('ends', PIPED, logged);
    assert.deepEqual([found.state, found.exitCode, found.all], ['exited', 42, numbers(3)]);
    assert.ok(Date.now() - found.finishedAtMs > 200, 'FinishedAt is the end, not the recovery');
  });

  test('it keeps printing', async () => {
    const script = 'i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $i; sleep 0.005; done; exit 7';
    const logged = await lostDaemon('prints', PIPED, script, 200);
    assert.ok(logged.length > 0);
    await sleep(200);
    const found = await recover('prints', PIPED, logged);
    assert.deepEqual([found.state, found.exitCode, found.all], ['running', 7, numbers(300)]);
  });

  test('it prints more than a pipe holds, and waits', async () => {
    const logged = await lostDaemon('much', PIPED, 'sleep 0.2; seq 1 400000; exit 3', 20);
    await sleep(600);
    const found = await recover('much', PIPED, logged);
    assert.deepEqual([found.state, found.exitCode, found.outBytes], ['running', 3, numbers(400_000).length]);
  });

  test('a terminal lives on, and is taken back', async () => {
    const logged = await lostDaemon('tty', TERMINAL, 'echo 1; read x; echo 2; stty size; read y; echo $y; exit 9', 100);
    await sleep(100);
    const found = await runtime.recover('tty', TERMINAL);
    assert.equal(found.state, 'running');
    const reading = outcomeOf(found.process);
    found.process.io.resize(22, 88);
    found.process.io.stdin?.write('x\n');
    await sleep(50);
    found.process.io.stdin?.write('last\n');
    const outcome = await reading;
    await runtime.release('tty');
    assert.equal(outcome.exitCode, 9);
    assert.equal((logged + outcome.out).replaceAll('\r', ''), '1\nx\n2\n22 88\nlast\nlast\n');
  });

  test('a terminal that ended meanwhile gives what it said', async () => {
    const logged = await lostDaemon('tty2', TERMINAL, 'echo 1; sleep 0.2; echo 2; exit 4', 50);
    await sleep(400);
    const found = await recover('tty2', TERMINAL, logged);
    assert.deepEqual([found.state, found.exitCode, found.all], ['exited', 4, numbers(2)]);
  });

  test('an open stdin stays open', async () => {
    const logged = await lostDaemon('open', OPEN, 'read a; echo $a; exit 5', 50);
    const found = await runtime.recover('open', OPEN);
    if (found.state === 'unknown') throw new Error('unknown');
    const reading = outcomeOf(found.process);
    found.process.io.stdin?.write('1\n');
    const outcome = await reading;
    await runtime.release('open');
    assert.deepEqual([found.state, outcome.exitCode, logged + outcome.out], ['running', 5, '1\n']);
  });

  test('kill, pids and exec work before and after', async () => {
    await lostDaemon('alive', PIPED, 'sleep 600', 20);
    assert.ok((await runtime.pids('alive')).length > 0);
    const found = await runtime.recover('alive', PIPED);
    if (found.state === 'unknown') throw new Error('unknown');
    const reading = outcomeOf(found.process);
    const exec = await runtime.exec({
      containerId: 'alive',
      execId: 'e',
      process: testSpec(place, shell('exit 6')).process,
      stdio: PIPED,
    });
    assert.equal((await outcomeOf(exec)).exitCode, 6);
    await runtime.kill('alive', SIGKILL);
    assert.equal((await reading).exitCode, 137);
    await runtime.release('alive');
  });

  test('execs end with their daemon', async () => {
    const running = await runtime.run({ id: 'host', spec: testSpec(place, ['/bin/sleep', '600']), stdio: PIPED });
    const reading = outcomeOf(running);
    for (const stdio of [PIPED, { tty: false, stdin: 'open' }, TERMINAL] satisfies StdioMode[]) {
      await lostDaemon('EXEC', stdio, 'while echo x; do sleep 0.02; done', 50);
      for (let turn = 0; (await runtime.pids('host')).length > 1; turn++) {
        assert.ok(turn < 100, 'the exec lives on');
        await sleep(20);
      }
    }
    await runtime.kill('host', SIGKILL);
    await reading;
    await runtime.release('host');
  });

  test('a monitor that is killed: found, and the container ended (C-04)', async () => {
    const running = await runtime.run({ id: 'c04', spec: testSpec(place, ['/bin/sleep', '600']), stdio: PIPED });
    const reading = outcomeOf(running);
    const monitors = `/sys/fs/cgroup/memory${place.cgroupParent}/monitors/cgroup.procs`;
    const pids = readFileSync(existsSync(monitors) ? monitors : monitors.replace('/memory', ''), 'utf8')
      .trim()
      .split('\n');
    const monitor = pids.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('berth-monitor'));
    const startedAt = Date.now();
    process.kill(Number(monitor), 'SIGKILL');
    assert.equal((await reading).exitCode, 137);
    assert.ok(Date.now() - startedAt < 2000);
    assert.equal(identify(running.pid), undefined);
    await runtime.release('c04');
  });

  test('a record that names another process: that one is never signalled (C-05)', async () => {
    await lostDaemon('c05', PIPED, 'sleep 600', 20);
    const victim = spawn('sleep', ['600'], { stdio: 'ignore' });
    daemons.push(victim);
    const file = join(place.root, 'c/c05/run.json');
    const record = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
    writeFileSync(file, JSON.stringify({ ...record, init: identify(victim.pid ?? 0) }));
    await assert.rejects(runtime.kill('c05', SIGKILL), { code: 'process-gone' });
    const found = await runtime.recover('c05', PIPED);
    if (found.state === 'unknown') throw new Error('unknown');
    const reading = outcomeOf(found.process);
    assert.equal(found.state, 'running', 'the pid file and the cgroup tell the right one');
    await runtime.kill('c05', SIGKILL);
    assert.equal((await reading).exitCode, 137);
    await runtime.release('c05');
    assert.notEqual(identify(victim.pid ?? 0), undefined);
  });

  test('no trace is unknown', async () => {
    assert.deepEqual(await runtime.recover('nothing', PIPED), { state: 'unknown' });
  });
});

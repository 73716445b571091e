import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isEngineError } from '../errors/index.ts';
import type { ExecRequest, RunRequest, Runtime, StdioMode } from './contract.ts';
import { makeTestPlace, outcomeOf, PIPED, shell, type TestPlace, testSpec } from './test-bundle.ts';

const unifiedControllers = '/sys/fs/cgroup/cgroup.controllers';
const hasMemoryController =
  existsSync('/sys/fs/cgroup/memory') ||
  (existsSync(unifiedControllers) && readFileSync(unifiedControllers, 'utf8').includes('memory'));
const SIGTERM = 15;
const SIGKILL = 9;

/** What a runtime must do, whichever program is behind it. Needs root. */
export function runtimeSuite(runtimePath: string): void {
  describe(runtimePath, () => {
    let place: TestPlace;
    let runtime: Runtime;
    let count = 0;

    before(async () => {
      place = makeTestPlace('runtime');
      runtime = await place.open(runtimePath);
    });
    after(() => {
      runtime.close();
      assert.deepEqual(readdirSync(join(place.root, 'c')), []);
      assert.deepEqual(readdirSync(join(place.root, 'pids')), []);
      assert.deepEqual(readdirSync(join(place.root, 'sockets')), []);
      assert.deepEqual(readdirSync(join(place.root, 'state')), []);
      place.remove();
    });

    const request = (args: string[], stdio: StdioMode = PIPED): RunRequest => ({
      id: `c${++count}`,
      spec: testSpec(place, args),
      stdio,
    });
    const run = async (args: string[], stdio?: StdioMode): ReturnType<typeof outcomeOf> => {
      const asked = request(args, stdio);
      const outcome = await outcomeOf(await runtime.run(asked));
      await runtime.release(asked.id);
      return outcome;
    };

    test('exit codes are the process’s own', async () => {
      for (const code of [0, 1, 2, 42, 125, 126, 127, 128, 137, 200, 254, 255]) {
        assert.equal((await run(shell(`exit ${code}`))).exitCode, code);
      }
    });

    test('a signal is 128 and its number', async () => {
      for (const signal of [1, 2, 9, 11, 15]) {
        const asked = request(shell('echo ready; sleep 60'));
        const running = await runtime.run(asked);
        const ready = once(running.io.stdout, 'data');
        const outcome = outcomeOf(running);
        await ready;
        // Signals with their default action do nothing to the first process of a pid namespace, but for SIGKILL.
        await runtime.kill(asked.id, signal);
        if (signal !== SIGKILL) await runtime.kill(asked.id, SIGKILL);
        assert.equal((await outcome).exitCode, 137);
        await runtime.release(asked.id);
      }
      assert.equal((await run(shell('sh -c "kill -11 \\$\\$"; exit $?'))).exitCode, 139);
    });

    test('a signal with a handler reaches it', async () => {
      const asked = request(shell('trap "echo caught; exit 7" TERM; echo ready; while :; do sleep 0.05; done'));
      const running = await runtime.run(asked);
      running.io.stdout.once('data', () => void runtime.kill(asked.id, SIGTERM));
      const outcome = await outcomeOf(running);
      assert.equal(outcome.exitCode, 7);
      assert.equal(outcome.out, 'ready\ncaught\n');
      await assert.rejects(runtime.kill(asked.id, SIGTERM), { code: 'process-gone' });
      await runtime.release(asked.id);
    });

    test('stdout and stderr are apart', async () => {
      const outcome = await run(shell('echo out; echo err >&2'));
      assert.deepEqual([outcome.out, outcome.err], ['out\n', 'err\n']);
      assert.ok(Math.abs(outcome.finishedAtMs - Date.now()) < 2000);
    });

    test('50 MB through stdout, byte for byte', async () => {
      const bytes = 50_000_000;
      const line = `${'0123456789abcdef'.repeat(4)}\n`;
      const expected = createHash('md5')
        .update(line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes))
        .digest('hex');
      const outcome = await run(shell(`yes ${line.trim()} | head -c ${bytes}`));
      assert.deepEqual([outcome.outBytes, outcome.outMd5], [bytes, expected]);
    });

    test('a slow reader gets everything, from a pipe and from a terminal', async () => {
      for (const tty of [false, true]) {
        const asked = request(shell('stty raw 2>/dev/null; head -c 3000000 /dev/zero'), { tty, stdin: 'none' });
        const running = await runtime.run(asked);
        running.io.stderr?.resume();
        let bytes = 0;
        let chunks = 0;
        for await (const chunk of running.io.stdout) {
          bytes += (chunk as Buffer).length;
          if (chunks++ % 20 === 0) await sleep(10);
        }
        assert.deepEqual([bytes, (await running.exited).exitCode], [3_000_000, 0]);
        await runtime.release(asked.id);
      }
    });

    test('output that looks like the beginning of a failure is delivered', async () => {
      const outcome = await run(shell('printf "{" >&2; sleep 0.3; printf "}" >&2; exit 1'));
      assert.deepEqual([outcome.exitCode, outcome.err], [1, '{}']);
    });

    test('a reader that leaves does not hold the process up', async () => {
      const asked = request(shell('head -c 5000000 /dev/zero; echo done >&2'));
      const running = await runtime.run(asked);
      running.io.stdout.destroy();
      let err = '';
      running.io.stderr?.on('data', (chunk: Buffer) => {
        err += chunk.toString();
      });
      assert.equal((await running.exited).exitCode, 0);
      assert.equal(err, 'done\n');
      await runtime.release(asked.id);
    });

    test('stdin: none is empty, once ends when closed, open stays', async () => {
      assert.equal((await run(shell('cat; echo end'))).out, 'end\n');

      const once = request(shell('md5sum'), { tty: false, stdin: 'once' });
      const running = await runtime.run(once);
      const data = Buffer.alloc(3_000_000, 'berth');
      running.io.stdin?.end(data);
      const outcome = await outcomeOf(running);
      assert.equal(outcome.out.split(' ')[0], createHash('md5').update(data).digest('hex'));
      await runtime.release(once.id);

      const open = request(shell('read a; echo got $a; read b; echo got $b'), { tty: false, stdin: 'open' });
      const talking = await runtime.run(open);
      const talk = outcomeOf(talking);
      talking.io.stdin?.write('one\n');
      await sleep(50);
      talking.io.stdin?.write('two\n');
      assert.equal((await talk).out, 'got one\ngot two\n');
      await runtime.release(open.id);
    });

    test('a terminal has the size asked for, takes input, resizes', async () => {
      const asked = request(shell('stty size; read line; stty size; echo "<$line>"; tty; exit 3'), {
        tty: true,
        stdin: 'open',
      });
      const running = await runtime.run({ ...asked, consoleSize: { height: 33, width: 99 } });
      running.io.stdout.once('data', async () => {
        running.io.resize(40, 120);
        // runc passes the new size on to a second terminal, by and by.
        await sleep(50);
        running.io.stdin?.write('hello\n');
      });
      const outcome = await outcomeOf(running);
      assert.equal(outcome.exitCode, 3);
      assert.equal(outcome.out.replaceAll('\r', '').replace('hello\n', ''), '33 99\n40 120\n<hello>\n/dev/pts/0\n');
      await runtime.release(asked.id);
    });

    test('a terminal nobody reads does not stop the event loop', async () => {
      const asked = request(['/bin/sleep', '60'], { tty: true, stdin: 'open' });
      const running = await runtime.run(asked);
      running.io.stdin?.write(Buffer.alloc(1_000_000, 'x'));
      await sleep(20);
      await runtime.killAll(asked.id);
      assert.equal((await outcomeOf(running)).exitCode, 137);
      await runtime.release(asked.id);
    });

    test('the process gets descriptors 0, 1 and 2 and the usual open-file limit', async () => {
      const script = 'ls /proc/self/fd | sort -n | head -3 | tr "\\n" " "; ls /proc/self/fd | wc -l; ulimit -Sn';
      // `ls` has one more of its own: the folder it lists.
      assert.match((await run(shell(script))).out, /^0 1 2 4\n/);
      const limit = Number((await run(shell('ulimit -Sn'))).out);
      const own = Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]);
      assert.ok(limit > 0 && limit < own, `${limit} of ${own}`);
    });

    test('signals are at their defaults', async () => {
      const { out } = await run(shell('grep -E "SigBlk|SigIgn" /proc/self/status'));
      const masks = [...out.matchAll(/Sig(?:Blk|Ign):\s+([0-9a-f]+)/g)].map((match) => BigInt(`0x${match[1]}`));
      // 32 and 33 belong to the C library, which will not let them be set.
      assert.deepEqual(
        masks.map((mask) => mask & 0x7fffffffn),
        [0n, 0n],
      );
    });

    const failures: [string, (spec: RunRequest['spec']) => void, RegExp, number][] = [
      [
        'no such name',
        (spec) => (spec.process.args = ['nosuch']),
        /exec: "nosuch": executable file not found in \$PATH$/,
        127,
      ],
      [
        'no such path',
        (spec) => (spec.process.args = ['/nosuch']),
        /exec: "\/nosuch": stat \/nosuch: no such file or directory$/,
        127,
      ],
      [
        'a folder',
        (spec) => (spec.process.args = ['/etc']),
        /exec: "\/etc": (?:is a directory: )?permission denied$/,
        126,
      ],
      [
        'not executable',
        (spec) => (spec.process.args = ['/usr/share/plain']),
        /exec: "\/usr\/share\/plain": permission denied$/,
        126,
      ],
      ['cwd is a file', (spec) => (spec.process.cwd = '/usr/bin/env'), /not a directory: Are you trying to mount/, 127],
    ];
    for (const withPrecheck of [true, false]) {
      test(`failed starts have Docker's text and leave nothing (${withPrecheck ? 'found before' : 'found by the runtime'})`, async () => {
        for (const [name, change, text, exitCode] of failures) {
          const asked = request(['/bin/true']);
          change(asked.spec);
          if (asked.spec.process.args[0] === '/usr/share/plain') {
            mkdirSync(join(place.rootfs, 'usr/share'), { recursive: true });
            writeFileSync(join(place.rootfs, 'usr/share/plain'), '', { mode: 0o644 });
            asked.spec.mounts = asked.spec.mounts.filter(({ destination }) => destination !== '/usr');
          } else if (withPrecheck && name !== 'cwd is a file') {
            asked.spec.mounts = asked.spec.mounts.filter(({ destination }) => destination !== '/usr');
          }
          await assert.rejects(runtime.run(asked), (error) => {
            assert.ok(isEngineError(error), `${name}: ${String(error)}`);
            assert.match(error.message, text, name);
            assert.match(error.message, /^failed to create task for container: .*OCI runtime create failed: /);
            assert.equal(error.detail['exitCode'], exitCode, name);
            return true;
          });
          assert.deepEqual(readdirSync(join(place.root, 'c')), [], name);
        }
      });
    }

    test('a program that is none is told on stderr, as Docker does', async () => {
      writeFileSync(join(place.rootfs, 'garbage'), 'hello', { mode: 0o755 });
      const outcome = await run(['/garbage']);
      assert.deepEqual([outcome.exitCode, outcome.err.trim()], [255, 'exec /garbage: exec format error']);
    });

    describe('exec', () => {
      const id = 'host-of-execs';
      let host: Promise<unknown>;
      before(async () => {
        const running = await runtime.run({ id, spec: testSpec(place, ['/bin/sleep', '600']), stdio: PIPED });
        host = outcomeOf(running);
      });
      after(async () => {
        await runtime.kill(id, SIGKILL);
        await host;
        await runtime.release(id);
      });
      const ask = (args: string[], stdio: StdioMode = PIPED): ExecRequest => ({
        containerId: id,
        execId: `e${++count}`,
        process: testSpec(place, args).process,
        stdio,
      });
      const exec = async (args: string[], stdio?: StdioMode): ReturnType<typeof outcomeOf> =>
        outcomeOf(await runtime.exec(ask(args, stdio)));

      test('exit codes, signals, streams', async () => {
        for (const code of [0, 1, 42, 127, 255]) assert.equal((await exec(shell(`exit ${code}`))).exitCode, code);
        assert.equal((await exec(shell('kill -9 $$'))).exitCode, 137);
        const outcome = await exec(shell('echo out; echo err >&2; ls /proc/self/fd | wc -l; ulimit -Sn'));
        assert.match(outcome.out, /^out\n4\n\d+\n$/);
        assert.equal(outcome.err, 'err\n');
      });

      test('stdin, and 5 MB back', async () => {
        const running = await runtime.exec(ask(['/bin/cat'], { tty: false, stdin: 'once' }));
        const data = Buffer.alloc(5_000_000, 'berth');
        running.io.stdin?.end(data);
        const outcome = await outcomeOf(running);
        assert.equal(outcome.outMd5, createHash('md5').update(data).digest('hex'));
      });

      test('a terminal', async () => {
        const asked = ask(shell('stty size; read x; stty size; exit 5'), { tty: true, stdin: 'open' });
        const running = await runtime.exec({ ...asked, consoleSize: { height: 20, width: 70 } });
        running.io.stdout.once('data', async () => {
          running.io.resize(30, 80);
          await sleep(50);
          running.io.stdin?.write('x\n');
        });
        const outcome = await outcomeOf(running);
        assert.equal(outcome.exitCode, 5);
        assert.match(outcome.out.replaceAll('\r', ''), /^20 70\nx?\n?30 80\n$/);
      });

      test('what it leaves behind does not hold it up', async () => {
        // `runc exec` copies the streams itself, and waits until the last writer has left.
        if (runtime.name === 'runc') return;
        const started = Date.now();
        const outcome = await exec(shell('sleep 20 & echo hi'));
        assert.deepEqual([outcome.out, outcome.exitCode], ['hi\n', 0]);
        assert.ok(Date.now() - started < 5000);
      });

      test('failures have Docker’s text and leave no zombie', async () => {
        for (const [args, text, exitCode] of [
          [['nosuch'], 'exec: "nosuch": executable file not found in $PATH', 127],
          [['/nosuch'], 'exec: "/nosuch": stat /nosuch: no such file or directory', 127],
          [['/etc'], 'exec: "/etc": is a directory: permission denied', 126],
        ] as const) {
          await assert.rejects(runtime.exec(ask([...args])), {
            message: `OCI runtime exec failed: exec failed: unable to start container process: ${text}`,
            detail: { exitCode },
          });
        }
        const outcome = await exec(['/garbage']);
        assert.deepEqual([outcome.exitCode, outcome.err.trim()], [255, 'exec /garbage: exec format error']);
        const states = (await runtime.pids(id)).map(
          (pid) => /^State:\s+(\w)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1],
        );
        assert.ok(!states.includes('Z'), states.join(' '));
      });

      test('pause stops it, resume goes on, pids names it', async () => {
        const running = await runtime.exec(ask(shell('while :; do echo x; sleep 0.01; done')));
        let lines = 0;
        running.io.stdout.on('data', () => lines++);
        running.io.stderr?.resume();
        while (lines < 3) await sleep(5);
        assert.ok((await runtime.pids(id)).includes(running.pid));
        await runtime.pause(id);
        await sleep(50);
        const before = lines;
        await sleep(100);
        assert.equal(lines, before);
        await runtime.resume(id);
        while (lines === before) await sleep(5);
        process.kill(running.pid, 'SIGKILL');
        assert.equal((await running.exited).exitCode, 137);
      });

      test('limits change while it runs', async (t) => {
        if (!hasMemoryController) return t.skip('this host has no memory controller');
        await runtime.update(id, {
          pids: { limit: 77 },
          memory: { limit: 64 << 20 },
          cpu: { shares: 512, quota: 50_000, period: 100_000 },
        });
        await runtime.update(id, { memory: { limit: 128 << 20, swap: 256 << 20 } });
        await runtime.update(id, { memory: { limit: -1, swap: -1 }, pids: { limit: -1 } });
      });
    });

    test('out of memory is told', async (t) => {
      if (!hasMemoryController) return t.skip('this host has no memory controller');
      const asked = request(shell('head -c 200m /dev/zero | tail -c 100m >/dev/null; exit 9'));
      asked.spec.linux.resources = { memory: { limit: 16 << 20, swap: 16 << 20 } };
      const outcome = await outcomeOf(await runtime.run(asked));
      assert.equal(outcome.oomKilled, true);
      await runtime.release(asked.id);
      const again = { ...asked, spec: testSpec(place, ['/bin/true']) };
      again.spec.linux.resources = { memory: { limit: 16 << 20 } };
      assert.equal((await outcomeOf(await runtime.run(again))).oomKilled, false, 'the same id, later');
      await runtime.release(asked.id);
    });

    test('a running id is a conflict', async () => {
      const asked = request(['/bin/sleep', '60']);
      const running = await runtime.run(asked);
      const outcome = outcomeOf(running);
      await assert.rejects(runtime.run(asked), { code: 'container-running' });
      await runtime.kill(asked.id, SIGKILL);
      assert.equal((await outcome).exitCode, 137);
      await runtime.release(asked.id);
    });
  });
}

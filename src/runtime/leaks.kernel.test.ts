import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Runtime, StdioMode } from './contract.ts';
import { makeTestPlace, outcomeOf, shell, type TestPlace, testSpec } from './test-bundle.ts';

const MODES: StdioMode[] = [
  { tty: false, stdin: 'none' },
  { tty: false, stdin: 'once' },
  { tty: false, stdin: 'open' },
  { tty: true, stdin: 'open' },
];
const RUNS = 200;
const AT_ONCE = 4;

/** What could be left behind: our descriptors, our children (zombies too), cgroups, files. */
function snapshot(place: TestPlace): Record<string, unknown> {
  const fds = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, 'N')];
    } catch {
      return [];
    }
  });
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && statusOf(name).includes(`\nPPid:\t${process.pid}\n`))
    .map((pid) => statusOf(pid).split('\n')[0]);
  const cgroups = globSync(`/sys/fs/cgroup/{,*/}${place.cgroupParent}/*`)
    .map((path) => path.split('/').at(-1))
    .sort();
  const files = readdirSync(place.root, { recursive: true }).sort();
  return { fds: fds.sort(), children, cgroups, files };
}

function statusOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8');
  } catch {
    return '';
  }
}

async function runOne(runtime: Runtime, place: TestPlace, index: number): Promise<void> {
  const id = `leak${index}`;
  const stdio = MODES[index % MODES.length] ?? { tty: false, stdin: 'none' };
  const isFailing = index % 10 === 9;
  const spec = testSpec(place, isFailing ? ['nosuch'] : shell('echo hi; sleep 0.02'));
  if (isFailing) {
    await assert.rejects(runtime.run({ id, spec, stdio }));
    return;
  }
  const running = await runtime.run({ id, spec, stdio });
  const reading = outcomeOf(running);
  if (index % 5 === 0) {
    // With 20 ms to live the container may be gone first.
    const exec = await runtime
      .exec({
        containerId: id,
        execId: `e${index}`,
        process: testSpec(place, shell('sleep 1 & exit 3')).process,
        stdio,
      })
      .catch(() => undefined);
    if (exec !== undefined) await outcomeOf(exec);
  }
  const outcome = await reading;
  assert.deepEqual([outcome.exitCode, outcome.out.trim()], [0, 'hi']);
  await runtime.release(id);
}

test(`${RUNS} runs leave no descriptor, process, cgroup or file`, async () => {
  const place = makeTestPlace('leaks');
  const runtime = await place.open(existsSync('/usr/bin/crun') ? '/usr/bin/crun' : undefined);
  for (let index = 0; index < 10; index++) await runOne(runtime, place, index);
  await sleep(100);
  const before = snapshot(place);
  for (let next = 0; next < RUNS; next += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, (_, lane) => runOne(runtime, place, next + lane)));
  }
  await sleep(100);
  assert.deepEqual(snapshot(place), before);
  runtime.close();
  assert.deepEqual(globSync(`/sys/fs/cgroup/{,*/}${place.cgroupParent}`), []);
  place.remove();
});

test('a container at rest costs at most 6 MiB', async () => {
  const place = makeTestPlace('cost');
  const runtime = await place.open();
  const running = await runtime.run({
    id: 'idle',
    spec: testSpec(place, ['/bin/sleep', '60']),
    stdio: MODES[3] as StdioMode,
  });
  const reading = outcomeOf(running);
  await sleep(200);
  const processes = execFileSync('ps', ['-eo', 'pid,args'])
    .toString()
    .split('\n')
    .filter((line) => line.includes(place.root));
  const ours = processes.map((line) => Number(line.trim().split(' ')[0])).filter((pid) => pid !== process.pid);
  assert.ok(ours.length >= 2, 'the monitor and the runtime');
  const pssKb = ours.map((pid) =>
    Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0),
  );
  const total = pssKb.reduce((sum, one) => sum + one, 0);
  assert.ok(total < 6 * 1024, `${pssKb.join(' + ')} KiB`);
  await runtime.killAll('idle');
  await reading;
  await runtime.release('idle');
  runtime.close();
  assert.ok(!existsSync(join(place.root, 'c/idle')));
  place.remove();
});

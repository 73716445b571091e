import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isEngineError } from '../errors/index.ts';
import type { RunningProcess, Runtime } from './contract.ts';
import { makeTestPlace, outcomeOf, PIPED, shell, testSpec } from './test-bundle.ts';

/** Where the process stands, or undefined when it was not started. */
async function whereIs(start: () => Promise<RunningProcess>): Promise<string | undefined> {
  try {
    const { out, exitCode } = await outcomeOf(await start());
    return exitCode === 0 ? out : undefined;
  } catch (error) {
    assert.ok(isEngineError(error), String(error));
    return undefined;
  }
}

test('no working directory leads out of the root, by run or exec (I-08)', async () => {
  const place = makeTestPlace('workdir');
  const runtime: Runtime = await place.open();
  for (let fd = 3; fd <= 40; fd++) symlinkSync(`/proc/self/fd/${fd}`, join(place.rootfs, `fd${fd}`));
  const folders = Array.from({ length: 38 }, (_, index) => [`/proc/self/fd/${index + 3}`, `/fd${index + 3}`]).flat();
  folders.push('/proc/1/cwd', '/proc/self/fd/7/../../../..', '/proc/1/root');
  // A file of the host that the root file system does not have, by any number of steps up.
  const script = 'for up in . .. ../.. ../../.. ../../../..; do [ -e $up/var ] && echo outside; done; pwd -P';
  const host = await runtime.run({ id: 'host', spec: testSpec(place, ['/bin/sleep', '600']), stdio: PIPED });
  const reading = outcomeOf(host);
  for (const [index, cwd] of folders.entries()) {
    const id = `w${index}`;
    const spec = testSpec(place, shell(script));
    spec.process.cwd = cwd;
    const byRun = await whereIs(() => runtime.run({ id, spec, stdio: PIPED }));
    await runtime.release(id);
    const process = { ...spec.process };
    const byExec = await whereIs(() => runtime.exec({ containerId: 'host', execId: id, process, stdio: PIPED }));
    for (const where of [byRun, byExec]) {
      assert.ok(where === undefined || /^\/[^(\n]*\n$/.test(where), `${cwd}: ${where}`);
    }
  }
  await runtime.killAll('host');
  await reading;
  await runtime.release('host');
  runtime.close();
  place.remove();
});

test('200 samples have descriptors 0, 1 and 2 only, while others start (I-10)', async () => {
  const place = makeTestPlace('fds');
  const runtime = await place.open();
  const sample = shell('ls /proc/self/fd | tr "\\n" " "');
  const one = async (lane: number, index: number): Promise<void> => {
    const id = `f${lane}-${index}`;
    const running = await runtime.run({ id, spec: testSpec(place, sample), stdio: PIPED });
    // 3 is the folder that ls itself lists.
    assert.equal((await outcomeOf(running)).out, '0 1 2 3 ');
    await runtime.release(id);
  };
  for (let index = 0; index < 50; index++) await Promise.all([0, 1, 2, 3].map((lane) => one(lane, index)));
  runtime.close();
  place.remove();
});

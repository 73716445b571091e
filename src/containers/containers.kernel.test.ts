import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type EventMessage, FrameDecoder, type HostConfig } from '../api/index.ts';
import { attach, type House, makeHouseDir, openHouse, SKIP } from './containers.kernel.support.ts';

let house: House;
const never = new AbortController().signal;
const NONE: HostConfig = { NetworkMode: 'none' };

before(async () => {
  if (SKIP) return;
  house = await openHouse();
  await house.image('box');
});
after(async () => {
  await house?.[Symbol.asyncDispose]();
});

const sh = (script: string, HostConfig: HostConfig = NONE): Parameters<House['run']>[0] => ({
  Image: 'box',
  Cmd: ['sh', '-c', script],
  HostConfig,
});

test('a run: output, error, exit code, state', { skip: SKIP }, async () => {
  const { id, ...outcome } = await house.run(sh('echo out; echo err >&2; exit 3'));
  assert.deepEqual(outcome, { exitCode: 3, stdout: 'out\n', stderr: 'err\n' });
  const { State } = await house.room.containers.inspect(id, { size: false });
  assert.deepEqual([State?.Status, State?.ExitCode, State?.Pid, State?.Running], ['exited', 3, 0, false]);
  await house.room.containers.remove(id, { force: false, volumes: false, link: false });
  assert.equal(existsSync(join(house.dir, 'data/containers', id)), false);
});

test('run --rm on the default bridge leaves nothing but events, in order', { skip: SKIP }, async () => {
  house.events.length = 0;
  const { id, exitCode, stdout } = await house.run(sh('cat /etc/hostname; ip -o addr show eth0', { AutoRemove: true }));
  assert.equal(exitCode, 0);
  assert.match(stdout, new RegExp(`^${id.slice(0, 12)}\n.*inet `, 's'));
  assert.throws(() => house.room.containers.attach(id, {} as never), { code: 'no-such-container' });
  assert.deepEqual(actions(house.events), ['create', 'attach', 'connect', 'start', 'disconnect', 'die', 'destroy']);
  const die = house.events.find((event) => event.Action === 'die');
  assert.deepEqual([die?.Actor?.Attributes?.exitCode, die?.Actor?.Attributes?.execDuration], ['0', '0']);
  assert.deepEqual(house.warnings, []);
});

const actions = (events: EventMessage[]): (string | undefined)[] => events.map((event) => event.Action);

test('confinement as promised', { skip: SKIP }, async () => {
  const { stdout } = await house.run(
    sh(
      'grep -E "^(CapInh|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):" /proc/self/status; ls /proc/self/fd | wc -l; mount | grep " /dev "',
    ),
  );
  for (const line of [
    'CapInh:\t0000000000000000',
    'CapBnd:\t00000000a80425fb',
    'CapEff:\t00000000a80425fb',
    'CapAmb:\t0000000000000000',
    'NoNewPrivs:\t0',
    'Seccomp:\t2',
  ]) {
    assert.ok(stdout.includes(line), `${line} in ${stdout}`);
  }
  // 0, 1, 2 and the one that `ls` has open.
  assert.match(stdout, /\n4\ntmpfs on \/dev type tmpfs/);
  const user = await house.run({ ...sh('id; grep CapEff /proc/self/status'), User: 'node' });
  assert.match(user.stdout, /^uid=1000\(node\) gid=1000 groups=10\(wheel\),1000\nCapEff:\t0000000000000000/);
  const nnp = await house.run(sh('grep NoNewPrivs /proc/self/status', { ...NONE, SecurityOpt: ['no-new-privileges'] }));
  assert.match(nnp.stdout, /1/);
  const masked = await house.run(
    sh(
      'cat /proc/kcore /proc/keys /proc/timer_list | wc -c; echo x > /proc/sys/kernel/hostname; ls /sys/firmware | wc -l; touch /sys/x',
    ),
  );
  assert.match(masked.stdout, /^0\n0\n/);
  assert.match(masked.stderr, /Read-only file system[\s\S]*Read-only file system/);
});

test('the compiled filter filters, in run and exec; unconfined and privileged have none', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const probe = 'grep Seccomp: /proc/self/status; unshare -U true 2>&1; mount -t tmpfs x /tmp 2>&1; reboot -f 2>&1';
  const { stdout } = await house.run(sh(`${probe}; sleep 0`));
  assert.match(stdout, /^Seccomp:\t2\nunshare: .*not permitted\nmount: .*\nreboot: .*not permitted\n$/);
  const admin = await house.run(sh('mount -t tmpfs x /tmp && echo mounted', { ...NONE, CapAdd: ['SYS_ADMIN'] }));
  assert.equal(admin.stdout, 'mounted\n');
  for (const HostConfig of [
    { ...NONE, SecurityOpt: ['seccomp=unconfined'] },
    { ...NONE, Privileged: true },
  ]) {
    assert.match((await house.run(sh('grep Seccomp: /proc/self/status', HostConfig))).stdout, /:\t0\n/);
  }
  const own = {
    ...NONE,
    SecurityOpt: [
      'seccomp={"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO","errnoRet":28}]}',
    ],
  };
  assert.match((await house.run(sh('mkdir /x', own))).stderr, /No space left/);
  const { Id: id = '' } = await containers.create(undefined, sh('sleep 100'));
  await containers.start(id);
  const { Id: execId } = await containers.execCreate(id, { Cmd: ['sh', '-c', 'unshare -U true || exit 7'] });
  const { run } = await containers.execStart(execId, {});
  await run({ input: new PassThrough().end(), output: new PassThrough().resume() }, never);
  assert.equal(containers.execInspect(execId).ExitCode, 7);
  await containers.remove(id, { force: true, volumes: false, link: false });
});

test('failed starts: text, exit code, state created, nothing held', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const cases: [string[], number, RegExp][] = [
    [['nosuch'], 127, /exec: "nosuch": executable file not found in \$PATH$/],
    [['/etc'], 126, /exec: "\/etc": is a directory: permission denied$/],
    [['/etc/passwd'], 126, /exec: "\/etc\/passwd": permission denied$/],
  ];
  for (const [Cmd, code, text] of cases) {
    const { Id: id = '' } = await containers.create(undefined, { Image: 'box', Cmd, HostConfig: {} });
    await assert.rejects(containers.start(id), { message: text });
    const { State } = await containers.inspect(id, { size: false });
    assert.deepEqual([State?.Status, State?.ExitCode], ['created', code]);
    assert.match(State?.Error ?? '', text);
    await containers.remove(id, { force: false, volumes: false, link: false });
  }
  for (const [User, message] of [
    ['nouser', 'unable to find user nouser: no matching entries in passwd file'],
    ['-1', 'uids and gids must be in range 0-2147483647'],
  ] as const) {
    const { Id: id = '' } = await containers.create(undefined, {
      Image: 'box',
      User,
      HostConfig: { AutoRemove: true },
    });
    const removed = containers.wait(id, 'removed', never);
    await assert.rejects(containers.start(id), { message });
    await removed;
  }
  const missing = containers.create(undefined, { Image: 'box', HostConfig: { NetworkMode: 'nonet' } });
  const { Id: id = '' } = await missing;
  await assert.rejects(containers.start(id), {
    message: 'failed to set up container networking: network nonet not found',
  });
  await containers.remove(id, { force: false, volumes: false, link: false });
});

test('stop: TERM, then KILL after its time; a second stop is nothing; paused containers stop', {
  skip: SKIP,
}, async () => {
  const { containers } = house.room;
  const start = async (script: string): Promise<string> => {
    const { Id: id = '' } = await containers.create(undefined, sh(script));
    assert.equal(await containers.start(id), true);
    assert.equal(await containers.start(id), false);
    return id;
  };
  const deaf = await start('trap "" TERM; while :; do sleep 0.1; done');
  await sleep(100);
  const begin = performance.now();
  assert.equal(await containers.stop(deaf, { timeoutSeconds: 1 }), true);
  const took = performance.now() - begin;
  assert.ok(took > 990 && took < 1700, `${took} ms`);
  assert.equal(await containers.stop(deaf, {}), false);
  assert.equal((await containers.inspect(deaf, { size: false })).State?.ExitCode, 137);

  const kind = await start('trap "exit 7" TERM; while :; do sleep 0.05; done');
  await sleep(100);
  await containers.pause(kind);
  await assert.rejects(containers.pause(kind), { message: `Container ${kind} is already paused` });
  assert.equal(await containers.stop(kind, { timeoutSeconds: 5 }), true);
  assert.equal((await containers.inspect(kind, { size: false })).State?.ExitCode, 7);
  await assert.rejects(containers.kill(kind, 'KILL'), {
    message: `cannot kill container: ${kind}: container ${kind} is not running`,
  });
  for (const id of [deaf, kind]) await containers.remove(id, { force: true, volumes: false, link: false });
});

test('restart keeps an AutoRemove container; rename, names, force removal', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create('first', sh('sleep 100', { ...NONE, AutoRemove: true }));
  await containers.start('first');
  await containers.restart('first', { timeoutSeconds: 0 });
  await containers.rename('first', 'second');
  await assert.rejects(containers.create('second', sh('true')), { code: 'name-taken' });
  await assert.rejects(containers.remove('second', { force: false, volumes: false, link: false }), {
    message:
      'cannot remove container "second": container is running: stop the container before removing or force remove',
  });
  const removed = containers.wait(id, 'removed', never);
  await containers
    .remove('second', { force: true, volumes: false, link: false })
    .catch((error) => assert.equal(error.kind, 'conflict'));
  await removed;
  const again = await containers.create('second', sh('true'));
  await containers.remove(again.Id ?? '', { force: false, volumes: false, link: false });
});

test('a hundred creates of one name have one winner', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const tries = await Promise.allSettled(Array.from({ length: 100 }, () => containers.create('the-one', sh('true'))));
  assert.equal(tries.filter((one) => one.status === 'fulfilled').length, 1);
  for (const one of tries) if (one.status === 'rejected') assert.equal(one.reason.code, 'name-taken');
  await containers.remove('the-one', { force: false, volumes: false, link: false });
});

test('stdin to its end, and 5 MB back', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create(undefined, {
    Image: 'box',
    Cmd: ['cat'],
    OpenStdin: true,
    StdinOnce: true,
    HostConfig: NONE,
  });
  const input = new PassThrough();
  const client = attach(house, id, input);
  await containers.start(id);
  const ended = containers.wait(id, 'not-running', never);
  input.end(Buffer.alloc(5_000_000, 'x'));
  await client.done;
  assert.equal(client.stdout().length, 5_000_000);
  assert.equal((await ended).StatusCode, 0);
  await containers.remove(id, { force: true, volumes: false, link: false });
});

test('logs=1 replays what was printed, then goes on', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create(
    undefined,
    sh('for i in $(seq 1 200); do echo $i; done; sleep 0.3; for i in $(seq 201 400); do echo $i; done'),
  );
  await containers.start(id);
  await sleep(150);
  let text = '';
  const output = new PassThrough();
  output.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1');
  });
  const { run } = containers.attach(id, {
    stdin: false,
    stdout: true,
    stderr: true,
    stream: true,
    logs: true,
    detachKeys: Buffer.alloc(0),
  });
  await run({ input: new PassThrough().end(), output }, never);
  assert.deepEqual(
    text.match(/\d+(?=\n)/g)?.map(Number),
    Array.from({ length: 400 }, (_, index) => index + 1),
  );
  await containers.remove(id, { force: true, volumes: false, link: false });
});

test('exec: output, code, user, place; refusals', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create('execs', sh('sleep 100'));
  await assert.rejects(containers.execCreate(id, { Cmd: ['ls'] }), { message: `container ${id} is not running` });
  await containers.start(id);
  const exec = async (config: Parameters<typeof containers.execCreate>[1]): Promise<[string, number | null]> => {
    const { Id: execId } = await containers.execCreate(id, { AttachStdout: true, AttachStderr: true, ...config });
    const output = new PassThrough();
    let text = '';
    const decoder = new FrameDecoder((_, payload) => {
      text += payload.toString();
    });
    output.on('data', (chunk: Buffer) => decoder.write(chunk));
    const { run } = await containers.execStart(execId, {});
    await run({ input: new PassThrough().end(), output }, never);
    return [text, containers.execInspect(execId).ExitCode];
  };
  assert.deepEqual(await exec({ Cmd: ['sh', '-c', 'pwd; exit 4'], WorkingDir: '/tmp' }), ['/tmp\n', 4]);
  assert.deepEqual(await exec({ Cmd: ['id', '-u'], User: 'node' }), ['1000\n', 0]);
  assert.deepEqual(await exec({ Cmd: ['sh', '-c', 'echo $A$HOME'], Env: ['A=b'] }), ['b/root\n', 0]);
  await assert.rejects(exec({ Cmd: ['nosuch'] }), {
    message:
      'OCI runtime exec failed: exec failed: unable to start container process: exec: "nosuch": executable file not found in $PATH',
  });
  await assert.rejects(exec({ Cmd: ['ls'], User: 'nouser' }), {
    message: 'unable to find user nouser: no matching entries in passwd file',
  });
  const { Id: detached } = await containers.execCreate(id, { Cmd: ['sh', '-c', 'exit 9'] });
  const { run } = await containers.execStart(detached, { Detach: true });
  await run(undefined, never);
  await assert.rejects(containers.execStart(detached, {}), { kind: 'conflict' });
  for (let i = 0; i < 100 && containers.execInspect(detached).Running; i++) await sleep(10);
  assert.equal(containers.execInspect(detached).ExitCode, 9);
  await containers.pause(id);
  await assert.rejects(containers.execCreate('execs', { Cmd: ['ls'] }), {
    message: 'Container execs is paused, unpause the container before exec',
  });
  await containers.remove(id, { force: true, volumes: false, link: false });
  assert.throws(() => containers.execInspect(detached), { code: 'no-such-exec' });
});

test('mounts: binds, read-only, tmpfs, nested, files', { skip: SKIP }, async () => {
  const folder = join(house.dir, 'bind');
  mkdirSync(join(folder, 'inner'), { recursive: true });
  writeFileSync(join(folder, 'file'), 'hello');
  const { stdout, stderr } = await house.run(
    sh('cat /b/file /w/inner/f2; echo > /b/x; touch /t/y && grep " /t " /proc/mounts; echo made > /made/in', {
      ...NONE,
      Binds: [`${folder}:/b:ro`, `${folder}/file:/w/inner/f2`, `${folder}:/w`, `${folder}/new:/made`],
      Tmpfs: { '/t': 'size=64k' },
    }),
  );
  assert.match(stdout, /^hellohellotmpfs \/t tmpfs rw,nosuid,nodev,noexec,relatime,size=64k/);
  assert.match(stderr, /can't create \/b\/x: Read-only file system/);
  assert.equal(readFileSync(join(folder, 'new/in'), 'utf8'), 'made\n');
});

test('limits are there, OOM is told', { skip: SKIP }, async () => {
  const { id, exitCode } = await house.run(
    sh('x=$(cat /dev/zero | tr "\\\\0" x | head -c 200000000); echo done', {
      ...NONE,
      Memory: 16 * 2 ** 20,
      MemorySwap: 16 * 2 ** 20,
    }),
  );
  const { State } = await house.room.containers.inspect(id, { size: false });
  assert.equal(State?.OOMKilled, true);
  assert.equal(exitCode, 137);
  const own = house.events.filter((event) => event.Actor?.ID === id).map((event) => event.Action);
  assert.deepEqual(own.slice(-2), ['oom', 'die']);
});

test('images with links everywhere: starts work and the host keeps its files', { skip: SKIP }, async () => {
  const sentinel = join(house.dir, 'sentinel');
  mkdirSync(sentinel);
  writeFileSync(join(sentinel, 'kept'), 'x');
  let count = 0;
  for (const link of [sentinel, `../../../..${sentinel}`, '/nowhere', '.']) {
    await house.image(`evil${count}`, (root) => {
      for (const name of ['dev', 'proc', 'sys', 'etc/hosts', 'etc/resolv.conf', '.dockerenv']) {
        rmSync(join(root, name), { recursive: true, force: true });
        symlinkSync(link, join(root, name));
      }
    });
    for (const HostConfig of [
      NONE,
      { ...NONE, ReadonlyRootfs: true },
      { ...NONE, Init: existsSync('/usr/bin/tini-static') },
    ]) {
      const { exitCode, stdout } = await house.run({
        Image: `evil${count}`,
        Cmd: ['sh', '-c', 'ls -d /dev/null /proc/self /sys/kernel /etc/hosts'],
        HostConfig,
      });
      assert.deepEqual([exitCode, stdout], [0, '/dev/null\n/etc/hosts\n/proc/self\n/sys/kernel\n']);
    }
    count++;
  }
  assert.deepEqual(readFileSync(join(sentinel, 'kept'), 'utf8'), 'x');
});

test('a daemon that is killed: what runs is taken back, what ended is told, --rm is finished', {
  skip: SKIP,
}, async () => {
  const dir = makeHouseDir();
  const tag = randomBytes(3).toString('hex');
  const killed = await runDaemon(dir, tag);
  await using next = await openHouse({}, { dir, tag });
  const { containers } = next.room;
  const list = (name: string): Promise<unknown[]> =>
    containers.list({ all: true, limit: 0, size: false, filters: { name: [name] } });
  assert.equal((await containers.wait('ends', 'not-running', never)).StatusCode, 42);
  assert.equal((await containers.inspect('runs', { size: false })).State?.Status, 'running');
  assert.equal((await containers.wait('runs', 'not-running', never)).StatusCode, 5);
  for (const [name, expected] of [
    ['runs', Array.from({ length: 30 }, (_, index) => `${index + 1}\n`).join('')],
    ['ends', 'last\n'],
  ] as const) {
    let text = '';
    for await (const entries of containers.logs(name, ALL_LOGS, never).entries) {
      for (const { line } of entries) text += line.toString();
    }
    assert.equal(text, expected);
  }
  for (let i = 0; i < 100 && (await list('gone')).length > 0; i++) await sleep(20);
  assert.deepEqual(await list('gone'), []);
  assert.deepEqual(next.warnings, []);
  const snapshots = (await next.snapshots.list()).filter(({ key }) => key.startsWith('c-'));
  assert.deepEqual(snapshots.map(({ key }) => key).sort(), killed.kept.map((id) => `c-${id}`).sort());
});

const ALL_LOGS = { stdout: true, stderr: true, follow: false };

/** A daemon in a process of its own, killed without warning while its containers run. */
async function runDaemon(dir: string, tag: string): Promise<{ kept: string[] }> {
  const program = new URL('./killed-daemon.fixture.ts', import.meta.url).pathname;
  const daemon = spawn(process.execPath, [program, dir, tag], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  for await (const chunk of daemon.stdout) {
    text += chunk;
    if (text.includes('\n')) break;
  }
  daemon.kill('SIGKILL');
  if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, 'exit');
  return JSON.parse(text) as { kept: string[] };
}

test('restart policy: on-failure gives up after its count; stop ends it', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create(
    undefined,
    sh('exit 1', { ...NONE, RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } }),
  );
  await containers.start(id);
  for (let i = 0; i < 200; i++) {
    const { RestartCount, State } = await containers.inspect(id, { size: false });
    if (RestartCount === 2 && State?.Status === 'exited') break;
    await sleep(20);
  }
  const { RestartCount, State } = await containers.inspect(id, { size: false });
  assert.deepEqual([RestartCount, State?.Status], [2, 'exited']);
  await containers.remove(id, { force: true, volumes: false, link: false });
});

test('a build step: output in order, mount points taken away, killed on abort', { skip: SKIP }, async () => {
  const { snapshots, room, dir } = house;
  const image = await house.image('base');
  const key = 'step-1' as never;
  const place = await snapshots.prepare(key, image.layers[0]?.snapshot);
  const rootfs = join(dir, 'step');
  mkdirSync(rootfs);
  place.mount(rootfs);
  const out: string[] = [];
  const request = {
    id: 'b'.repeat(64),
    rootfs,
    args: ['/bin/sh', '-c', 'echo one; echo two >&2; echo kept > /kept; cat /etc/hosts | wc -l; exit 6'],
    env: ['PATH=/bin'],
    cwd: '/work',
    user: '',
    networkMode: 'none',
    extraHosts: [],
    limits: {},
    hostCa: false,
    extraMounts: [],
    output: (_: string, chunk: Buffer) => void out.push(chunk.toString()),
  };
  assert.deepEqual(await room.runStep(request, never), { exitCode: 6, oomKilled: false });
  assert.match(out.join(''), /one\n/);
  assert.equal(existsSync(join(rootfs, 'etc/hosts')), false);
  assert.equal(existsSync(join(rootfs, 'proc')), false);
  assert.equal(readFileSync(join(rootfs, 'kept'), 'utf8'), 'kept\n');
  assert.equal(existsSync(join(rootfs, 'work')), true);
  const controller = new AbortController();
  const step = room.runStep({ ...request, args: ['/bin/sleep', '100'] }, controller.signal);
  setTimeout(() => controller.abort(new Error('cancelled')), 200);
  await assert.rejects(step, /cancelled/);
  place.unmount(rootfs);
  await snapshots.remove(key);
  assert.deepEqual(house.warnings, []);
});

/** A terminal's client: types what it is told, gives back what it saw. */
function terminal(
  id: string,
  detachKeys = Buffer.alloc(0),
): { input: PassThrough; seen(): string; done: Promise<void> } {
  const input = new PassThrough();
  const output = new PassThrough();
  let text = '';
  output.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  const request = { stdin: true, stdout: true, stderr: true, stream: true, logs: false, detachKeys };
  const { run, tty } = house.room.containers.attach(id, request);
  assert.equal(tty, true);
  return { input, seen: () => text, done: run({ input, output }, never) };
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 200 && !holds(); i++) await sleep(20);
  assert.equal(holds(), true);
}

test('a terminal: typed and seen, resized, detached from and attached to again', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create('tty', {
    Image: 'box',
    Cmd: ['sh'],
    Tty: true,
    OpenStdin: true,
    HostConfig: NONE,
  });
  const first = terminal(id, Buffer.from([0x10, 0x11]));
  await containers.start(id);
  await containers.resize(id, 33, 77);
  first.input.write('stty size; echo $((40+2))\n');
  await until(() => /33 77\r\n42\r\n/.test(first.seen()));
  first.input.write(Buffer.from([0x10, 0x11]));
  await first.done;
  assert.equal((await containers.inspect(id, { size: false })).State?.Running, true);
  const second = terminal(id);
  const ended = containers.wait(id, 'next-exit', never);
  second.input.write('exit 5\n');
  assert.equal((await ended).StatusCode, 5);
  await second.done;
  await containers.remove(id, { force: true, volumes: false, link: false });
});

test('containers that share: network, pids, IPC; and refusals', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: base = '' } = await containers.create(
    'base',
    sh('echo shared > /dev/shm/x; sleep 100', { IpcMode: 'shareable' }),
  );
  await assert.rejects(containers.create(undefined, sh('true', { PidMode: 'container:nobody' })), {
    message: 'No such container: nobody',
  });
  await containers.start(base);
  await sleep(100);
  const { stdout } = await house.run(
    sh('hostname; cat /dev/shm/x; ps -o args | grep -c "[s]leep 100"; cat /etc/hostname', {
      NetworkMode: 'container:base',
      PidMode: 'container:base',
      IpcMode: 'container:base',
    }),
  );
  const address = await house.run(sh('ip -o -4 addr show eth0 | wc -l', { NetworkMode: 'container:base' }));
  assert.equal(address.stdout, '1\n');
  assert.deepEqual(stdout.split('\n').slice(1, 4), ['shared', '1', base.slice(0, 12)]);
  await containers.remove(base, { force: true, volumes: false, link: false });
  const { Id: late = '' } = await containers.create(undefined, sh('true', { NetworkMode: 'container:base' }));
  await assert.rejects(containers.start(late), {
    message: 'joining network namespace of container: No such container: base',
  });
  await containers.remove(late, { force: true, volumes: false, link: false });
});

test('top, resources, devices, sysctls, read-only roots', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create(undefined, sh('sleep 1000'));
  await containers.start(id);
  const { Titles, Processes } = await containers.top(id, '-ef');
  assert.deepEqual(Titles, ['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  assert.deepEqual(
    Processes?.map((row) => row.at(-1)),
    ['sleep 1000'],
  );
  await assert.rejects(containers.top(id, '-o comm'), { message: "Couldn't find PID field in ps output" });
  await containers.remove(id, { force: true, volumes: false, link: false });

  const { stdout, stderr } = await house.run(
    sh(
      'ls /dev; cat /proc/sys/net/core/somaxconn; touch /x; head -c1 /dev/loop-control; mknod /tmp/d b 8 0; cat /tmp/d',
      {
        ...NONE,
        ReadonlyRootfs: true,
        Tmpfs: { '/tmp': '' },
        Sysctls: { 'net.core.somaxconn': '77' },
        Devices: [{ PathOnHost: '/dev/full', PathInContainer: '/dev/fuller', CgroupPermissions: 'r' }],
      },
    ),
  );
  const [devices, somaxconn] = [stdout.split('\n').slice(0, -2), stdout.split('\n').at(-2)];
  assert.deepEqual(
    devices,
    [
      'console',
      'core',
      'fd',
      'full',
      'fuller',
      'mqueue',
      'null',
      'ptmx',
      'pts',
      'random',
      'shm',
      'stderr',
      'stdin',
      'stdout',
      'tty',
      'urandom',
      'zero',
    ].filter((name) => devices.includes(name) || name !== 'console'),
  );
  assert.equal(somaxconn, '77');
  assert.match(stderr, /\/x: Read-only file system/);
  assert.match(stderr, /\/tmp\/d'?: (Operation not permitted|Permission denied)/);
});

test('prune takes what does not run; list and inspect with sizes', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { id: ended } = await house.run({ ...sh('echo 1234 > /file'), Labels: { prune: 'me' } });
  const { Id: live = '' } = await containers.create(undefined, { ...sh('sleep 100'), Labels: { prune: 'me' } });
  await containers.start(live);
  const { SizeRw } = await containers.inspect(ended, { size: true });
  assert.ok((SizeRw ?? 0) > 0);
  const { ContainersDeleted } = await containers.prune({ label: ['prune=me'] });
  assert.deepEqual(ContainersDeleted, [ended]);
  await containers.remove(live, { force: true, volumes: false, link: false });
});

test('what a client cannot keep up with holds the container, and lets go when it leaves', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const { Id: id = '' } = await containers.create(undefined, sh('head -c 30000000 /dev/zero; echo end >&2'));
  const { run } = containers.attach(id, {
    stdin: false,
    stdout: true,
    stderr: false,
    stream: true,
    logs: false,
    detachKeys: Buffer.alloc(0),
  });
  const gone = new AbortController();
  const output = new PassThrough();
  const attached = run({ input: new PassThrough(), output }, gone.signal);
  await containers.start(id);
  await sleep(300);
  assert.equal((await containers.inspect(id, { size: false })).State?.Running, true);
  assert.ok(output.readableLength + output.writableLength < 4_000_000);
  gone.abort();
  await attached;
  assert.equal((await containers.wait(id, 'not-running', never)).StatusCode, 0);
  await containers.remove(id, { force: true, volumes: false, link: false });
});

test('volumes: filled from the image, kept or removed as asked, shared, read-only', { skip: SKIP }, async () => {
  const { containers } = house.room;
  await house.image(
    'withdata',
    (root) => {
      mkdirSync(join(root, 'data/sub'), { recursive: true });
      writeFileSync(join(root, 'data/sub/f'), 'from the image');
    },
    { Cmd: ['sh'], Env: ['PATH=/bin'], Volumes: { '/data': {} } },
  );
  const on = (script: string, HostConfig: HostConfig): Parameters<House['run']>[0] => ({
    ...sh(script, { ...NONE, ...HostConfig }),
    Image: 'withdata',
  });
  const first = await house.run(on('cat /data/sub/f; echo new > /data/n', { Binds: ['keep:/data'] }));
  assert.equal(first.stdout, 'from the image');
  const again = await house.run(on('cat /data/n; echo x > /data/y', { Binds: ['keep:/data:ro'] }));
  assert.deepEqual([again.stdout, /Read-only/.test(again.stderr)], ['new\n', true]);
  const other = await house.run(on('cat /data/n', { VolumesFrom: [first.id] }));
  assert.equal(other.stdout, 'new\n');
  const empty = await house.run(on('ls /data', { Binds: ['bare:/data:nocopy'] }));
  assert.equal(empty.stdout, '');
  const anonymous = await house.run(on('cat /data/sub/f', {}));
  const [mounted] = (await containers.inspect(anonymous.id, { size: false })).Mounts ?? [];
  assert.deepEqual([mounted?.Type, mounted?.Destination, mounted?.Name?.length], ['volume', '/data', 64]);
  assert.deepEqual(house.volumes.users(mounted?.Name ?? ''), [anonymous.id]);
  await containers.remove(anonymous.id, { force: false, volumes: true, link: false });
  await assert.rejects(house.volumes.inspect(mounted?.Name ?? ''), { kind: 'not-found' });
  for (const id of [first.id, again.id, other.id, empty.id])
    await containers.remove(id, { force: false, volumes: true, link: false });
  assert.equal((await house.volumes.inspect('keep')).Name, 'keep');
  const gone = await house.run(on('true', { AutoRemove: true }));
  assert.equal(gone.exitCode, 0);
  assert.deepEqual(((await house.volumes.list({})).Volumes ?? []).map(({ Name }) => Name).sort(), ['bare', 'keep']);
});

async function bytesOf(tar: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of tar) chunks.push(chunk);
  return Buffer.concat(chunks);
}

test('files in and out: running and not, volumes, links, what may not be', { skip: SKIP }, async () => {
  const { containers } = house.room;
  const config: HostConfig = { ...NONE, Binds: ['files:/vol', 'fixed:/ro:ro'], Tmpfs: { '/t': '' } };
  const { Id: id = '' } = await containers.create('files', sh('ln -s /vol /way; echo in > /t/x; sleep 100', config));
  for (const isRunning of [false, true]) {
    if (isRunning) {
      await containers.start(id);
      await sleep(200);
    }
    const { stat, tar } = await containers.getArchive('files', '/etc/passwd');
    assert.deepEqual([stat.name, stat.linkTarget, stat.size > 10], ['passwd', '', true]);
    const archive = await bytesOf(tar);
    assert.ok(archive.includes('root:x:0:0'));
    const put = (path: string): Promise<void> =>
      containers.putArchive('files', path, Readable.from([archive]), {
        noOverwriteDirNonDir: false,
        copyUidGid: false,
      });
    for (const path of ['/tmp', '/vol']) {
      await put(path);
      assert.equal((await containers.statPath('files', `${path}/passwd`)).size, stat.size);
    }
    await assert.rejects(put('/ro'), { message: 'mounted volume is marked read-only' });
    await assert.rejects(put('/nosuch'), { message: 'Could not find the file /nosuch in container files' });
    await assert.rejects(containers.getArchive('files', '../../etc/nosuch'), {
      message: 'Could not find the file ../../etc/nosuch in container files',
    });
    assert.equal((await containers.statPath('files', '../../../etc')).mode, 2 ** 31 + 0o755);
    if (!isRunning) continue;
    assert.equal((await containers.statPath('files', '/way')).linkTarget !== '', true);
    assert.equal((await containers.statPath('files', '/way/passwd')).size, stat.size);
    assert.equal((await bytesOf((await containers.getArchive('files', '/t/x')).tar)).includes('in\n'), true);
  }
  await containers.remove(id, { force: true, volumes: false, link: false });
  const { Id: fixed = '' } = await containers.create(undefined, sh('true', { ...NONE, ReadonlyRootfs: true }));
  await assert.rejects(
    containers.putArchive(fixed, '/', Readable.from([]), { noOverwriteDirNonDir: false, copyUidGid: false }),
    {
      kind: 'forbidden',
      message: 'container rootfs is marked read-only',
    },
  );
  await containers.remove(fixed, { force: true, volumes: false, link: false });
});

test('no warning was given and no snapshot is left without its container', { skip: SKIP }, async () => {
  const ids = (await house.room.containers.list({ all: true, limit: 0, size: false, filters: {} })).map(
    ({ Id }) => `c-${Id}`,
  );
  const snapshots = (await house.snapshots.list())
    .map(({ key }) => key as string)
    .filter((key) => key.startsWith('c-'));
  assert.deepEqual(snapshots.sort(), ids.sort());
  assert.deepEqual(house.warnings, []);
});

// security.md §6, isolation: I-01 I-02 I-04 I-05 I-06 I-07 I-08 I-10 I-13 I-15. Needs root and a real kernel.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { MemoryTar } from '../../../src/cli/archive/memory-tar.ts';
import { formatHeader, TAR_END, tarEntry } from '../../../src/lib/index.ts';
import { provideImage } from '../../support/busybox.ts';
import { type Engine, startEngine } from '../../support/engine.ts';
import { buildProbe, readProbe, type Syscall } from '../../support/probe.ts';

let engine: Engine;
let folder: string;

before(async () => {
  folder = mkdtempSync('/tmp/berth-isolation-');
  engine = await startEngine();
  provideImage(engine);
});
after(async () => {
  await engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What a command prints in a container; the flags stand before the image. */
function output(flags: string[], ...command: string[]): string {
  const ran = engine.berth(['run', '--rm', ...flags, 'busybox', ...command]);
  assert.equal(ran.code, 0, ran.stderr);
  return ran.stdout;
}

const statusField = (status: string, field: string): string =>
  new RegExp(`^${field}:\\s+(\\S+)`, 'm').exec(status)?.[1] ?? '';

test('I-01 the default capabilities are the 14 of Docker; a user other than root has none', () => {
  const asRoot = output([], 'cat', '/proc/self/status');
  for (const field of ['CapBnd', 'CapPrm', 'CapEff'])
    assert.equal(statusField(asRoot, field), '00000000a80425fb', field);
  for (const field of ['CapInh', 'CapAmb']) assert.equal(BigInt(`0x${statusField(asRoot, field)}`), 0n, field);
  const asUser = output(['-u', '1000'], 'cat', '/proc/self/status');
  assert.equal(statusField(asUser, 'CapBnd'), '00000000a80425fb');
  for (const field of ['CapPrm', 'CapEff', 'CapInh', 'CapAmb'])
    assert.equal(BigInt(`0x${statusField(asUser, field)}`), 0n, field);
});

const tweaks: [flags: string[], effective: bigint][] = [
  [['--cap-drop', 'ALL'], 0n],
  [['--cap-drop', 'ALL', '--cap-add', 'NET_BIND_SERVICE'], 1n << 10n],
  [['--cap-drop', 'chown'], 0xa80425fbn & ~1n],
  [['--cap-add', 'CAP_SYS_ADMIN'], 0xa80425fbn | (1n << 21n)],
  [['--cap-add', 'NET_ADMIN', '--cap-drop', 'MKNOD'], (0xa80425fbn | (1n << 12n)) & ~(1n << 27n)],
];
for (const [flags, effective] of tweaks) {
  test(`I-01 ${flags.join(' ')}`, () =>
    assert.equal(BigInt(`0x${statusField(output(flags, 'cat', '/proc/self/status'), 'CapEff')}`), effective));
}

test('I-01 an unknown capability is refused', () => {
  const ran = engine.berth(['run', '--rm', '--cap-add', 'NO_SUCH', 'busybox', 'true']);
  assert.equal(ran.code, 125);
  assert.match(ran.stderr, /unknown capability/i);
});

// Numbers of x86-64; arguments that would succeed, or fail otherwise than with EPERM, if the filter let them through.
const DENIED: readonly Syscall[] = [
  { name: 'ptrace-ok', number: 39 },
  { name: 'mount', number: 165 },
  { name: 'umount2', number: 166 },
  { name: 'swapon', number: 167 },
  { name: 'swapoff', number: 168 },
  { name: 'reboot', number: 169 },
  { name: 'sethostname', number: 170 },
  { name: 'setdomainname', number: 171 },
  { name: 'create_module', number: 174 },
  { name: 'init_module', number: 175 },
  { name: 'delete_module', number: 176 },
  { name: 'quotactl', number: 179 },
  { name: 'pivot_root', number: 155 },
  { name: 'acct', number: 163 },
  { name: 'settimeofday', number: 164 },
  { name: 'lookup_dcookie', number: 212 },
  { name: 'mbind', number: 237 },
  { name: 'set_mempolicy', number: 238 },
  { name: 'get_mempolicy', number: 239 },
  { name: 'kexec_load', number: 246 },
  { name: 'add_key', number: 248 },
  { name: 'request_key', number: 249 },
  { name: 'keyctl', number: 250 },
  { name: 'migrate_pages', number: 256 },
  { name: 'unshare', number: 272, args: [0x10000000] },
  { name: 'move_pages', number: 279 },
  { name: 'perf_event_open', number: 298 },
  { name: 'fanotify_init', number: 300 },
  { name: 'open_by_handle_at', number: 304 },
  { name: 'clock_adjtime-set', number: 227 },
  { name: 'setns', number: 308 },
  { name: 'kcmp-self', number: 312, args: [1, 1, 99] },
  { name: 'finit_module', number: 313 },
  { name: 'kexec_file_load', number: 320 },
  { name: 'bpf', number: 321 },
  { name: 'userfaultfd', number: 323 },
  { name: 'io_uring_setup', number: 425 },
  { name: 'io_uring_enter', number: 426 },
  { name: 'io_uring_register', number: 427 },
  { name: 'open_tree', number: 428 },
  { name: 'move_mount', number: 429 },
  { name: 'fsopen', number: 430 },
  { name: 'fsmount', number: 432 },
  { name: 'iopl', number: 172 },
  { name: 'ioperm', number: 173 },
  { name: 'nfsservctl', number: 180 },
  { name: 'vhangup', number: 153 },
  { name: 'clone3', number: 435 },
  { name: 'clone-newuser', number: 56, args: [0x10000000] },
  { name: 'socket-alg', number: 41, args: [38, 5, 0] },
  { name: 'socket-vsock', number: 41, args: [40, 1, 0] },
  { name: 'personality', number: 135, args: [0x0400000] },
];
const ANSWERS_ANOTHER: Record<string, number | undefined> = {
  clone3: -38,
  'kcmp-self': undefined,
  'ptrace-ok': undefined,
};

function runProbe(flags: string[]): Record<string, number> {
  const file = join(folder, 'probe');
  writeFileSync(file, buildProbe(DENIED), { mode: 0o755 });
  const encoded = output(['-v', `${file}:/probe:ro`, ...flags], 'sh', '-c', '/probe | base64 -w0');
  return readProbe(DENIED, Buffer.from(encoded, 'base64'));
}

test('I-02 the seccomp filter denies what it must, with EPERM, clone3 with ENOSYS', () => {
  const results = runProbe([]);
  assert.ok((results['ptrace-ok'] ?? -1) > 0, 'an allowed call works');
  for (const { name } of DENIED) {
    if (name in ANSWERS_ANOTHER && ANSWERS_ANOTHER[name] === undefined) continue;
    assert.equal(results[name], ANSWERS_ANOTHER[name] ?? -1, name);
  }
  assert.equal(statusField(output([], 'cat', '/proc/self/status'), 'Seccomp'), '2');
});

for (const flags of [['--privileged'], ['--security-opt', 'seccomp=unconfined']]) {
  test(`I-02 ${flags.join(' ')} has no filter`, () => {
    assert.equal(statusField(output(flags, 'cat', '/proc/self/status'), 'Seccomp'), '0');
    assert.notEqual(runProbe(flags)['clone3'], -38);
  });
}

const MASKED = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
/** Those of Docker's list that this kernel has. */
const READ_ONLY = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'].filter((path) =>
  existsSync(path),
);

test('I-04 masked paths are empty, read-only ones are', () => {
  const script = `for p in ${MASKED.join(' ')}; do [ -d $p ] && ls -A $p; [ -f $p ] && head -c 10 $p; [ -c $p ] && head -c 10 $p; done; true`;
  assert.equal(output([], 'sh', '-c', script), '');
  const writes = `for p in ${READ_ONLY.join(' ')}; do chmod 700 $p 2>&1 | grep -o Read-only; done; echo x 2>&1 >/proc/sys/kernel/hostname | grep -o Read-only`;
  assert.equal(output([], 'sh', '-c', writes), 'Read-only\n'.repeat(READ_ONLY.length + 1));
});

for (const flags of [['--privileged'], ['--security-opt', 'systempaths=unconfined']]) {
  test(`I-04 ${flags.join(' ')} masks nothing`, () =>
    assert.notEqual(output(flags, 'sh', '-c', 'ls -A /sys/firmware; head -c 20 /proc/interrupts').trim(), ''));
}

test('I-05 /dev holds what Docker puts there and no more; a device node can be made but not opened', () => {
  const listing = output([], 'ls', '/dev').trim().split('\n').sort();
  assert.deepEqual(listing, [
    'core',
    'fd',
    'full',
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
  ]);
  const major = statSync('/').dev >> 8;
  assert.match(
    output([], 'sh', '-c', `mknod /tmp/d b ${major} 0 && echo made; head -c 1 /tmp/d 2>&1; true`),
    /made\n.*Operation not permitted/,
  );
});

test('I-05 --device gives what was asked, no more', () => {
  assert.match(
    output(['--device', '/dev/kmsg:/dev/k:r'], 'sh', '-c', 'ls /dev/k; (echo x > /dev/k) 2>&1; true'),
    /\/dev\/k\n.*Operation not permitted/,
  );
});

test('I-06 no-new-privileges', () => {
  const status = output(['--security-opt', 'no-new-privileges'], 'cat', '/proc/self/status');
  assert.equal(statusField(status, 'NoNewPrivs'), '1');
  assert.equal(statusField(output([], 'cat', '/proc/self/status'), 'NoNewPrivs'), '0');
});

let busyboxBytes: Buffer | undefined;

/** An image whose system paths are links that lead out of it. */
function importHostile(name: string, links: Record<string, string>): void {
  busyboxBytes ??= Buffer.from(output([], 'base64', '/bin/busybox'), 'base64');
  const tar = new MemoryTar()
    .folder('bin')
    .file('bin/busybox', busyboxBytes, 0o755)
    .folder('tmp', 0o1777)
    .folder('etc');
  const parts = [...tar.chunks()].slice(0, -1);
  for (const command of ['sh', 'ls', 'cat', 'true', 'pwd', 'readlink', 'head', 'mkdir', 'stat'])
    parts.push(formatHeader(tarEntry('symlink', `bin/${command}`, { linkName: Buffer.from('busybox') })));
  for (const [path, target] of Object.entries(links))
    parts.push(formatHeader(tarEntry('symlink', path, { linkName: Buffer.from(target) })));
  const imported = engine.berth(['import', '-c', 'ENV PATH=/bin', '-', name], {
    input: Buffer.concat([...parts, TAR_END]),
  });
  assert.equal(imported.code, 0, imported.stderr);
}

test('I-07 an image whose /dev /proc /sys /etc are links touches nothing outside of itself', () => {
  const sentinel = join(folder, 'sentinel');
  mkdirSync(sentinel);
  const before = readdirSync(sentinel);
  const targets = [sentinel, `../../../../..${sentinel}`, '/nowhere/at/all', '.'];
  for (const [i, target] of targets.entries()) {
    for (const [j, path] of [
      'dev',
      'proc',
      'sys',
      'etc/hosts',
      'etc/resolv.conf',
      '.dockerenv',
      'etc/mtab',
    ].entries()) {
      const image = `hostile:${i}-${j}`;
      importHostile(image, { [path]: target });
      for (const flags of i === 0 ? [[], ['--init'], ['--read-only']] : [[]]) {
        const ran = engine.berth([
          'run',
          '--rm',
          ...flags,
          image,
          'sh',
          '-c',
          'cat /etc/hosts >/dev/null; head -c 1 /dev/zero >/dev/null && ls /proc/self >/dev/null && echo inside',
        ]);
        assert.ok(
          ran.code !== 0 || ran.stdout === 'inside\n',
          `${path} → ${target} ${flags.join(' ')}: ${ran.stdout}${ran.stderr}`,
        );
      }
      engine.berth(['rmi', '-f', image]);
    }
  }
  assert.deepEqual(readdirSync(sentinel), before);
});

test('I-08 no working directory leads out', () => {
  for (const path of [
    '/proc/self/fd/3',
    '/proc/self/fd/7',
    '/proc/self/fd/9',
    '/proc/self/fd/12',
    '/proc/self/fd/25',
    '/proc/1/cwd',
    '/proc/self/root/../..',
  ]) {
    const ran = engine.berth([
      'run',
      '--rm',
      '-w',
      path,
      'busybox',
      'sh',
      '-c',
      'pwd -P; ls /etc/debian_version /work 2>/dev/null; true',
    ]);
    assert.ok(
      ran.code !== 0 || /^\/(proc\/.*|)\n$/.test(ran.stdout),
      `${path}: ${ran.code} ${ran.stdout}${ran.stderr}`,
    );
  }
});

test('I-10 a process has the descriptors 0, 1 and 2, and no others', () => {
  const list = 'for f in /proc/self/fd/*; do [ -e $f ] && basename $f; done; true';
  assert.equal(output([], 'sh', '-c', list), '0\n1\n2\n');
  engine.berth(['run', '-d', '--name', 'fds', 'busybox', 'sleep', '1000']);
  assert.equal(engine.berth(['exec', 'fds', 'sh', '-c', list]).stdout, '0\n1\n2\n');
  engine.berth(['rm', '-f', 'fds']);
});

test('I-13 a fork bomb stays within --pids-limit', () => {
  const ran = engine.berth([
    'run',
    '--rm',
    '--pids-limit',
    '30',
    'busybox',
    'sh',
    '-c',
    'i=0; while [ $i -lt 200 ]; do sleep 2 & i=$((i+1)); done 2>&1 | head -1; ps | wc -l; true',
  ]);
  assert.match(ran.stdout + ran.stderr, /can't fork|Resource temporarily unavailable/);
});

test('I-13 a process over its memory limit dies of it, and the engine says so', async () => {
  const { client } = engine;
  const started = engine.berth([
    'run',
    '--name',
    'hog',
    '--memory',
    '32m',
    '--memory-swap',
    '32m',
    'busybox',
    'sh',
    '-c',
    'x=$(cat /dev/zero | tr "\\\\0" x | head -c 200000000); echo done',
  ]);
  assert.equal(started.code, 137, started.stderr);
  const { State } = await client.json<{ State: { OOMKilled: boolean; ExitCode: number } }>({
    method: 'GET',
    path: '/containers/hog/json',
  });
  assert.equal(State.OOMKilled, true);
  const events = engine
    .berth(['events', '--since', '1m', '--until', '0s', '--filter', 'container=hog', '--format', '{{.Action}}'])
    .stdout.trim()
    .split('\n');
  assert.ok(events.indexOf('oom') >= 0 && events.indexOf('oom') < events.indexOf('die'), events.join(' '));
  engine.berth(['rm', '-f', 'hog']);
});

const users: [user: string, uid: string | undefined][] = [
  ['1000', '1000'],
  ['1000:2000', '1000'],
  ['nobody', '65534'],
  ['4294967296', undefined],
  ['-1', undefined],
  ['0x0', undefined],
  ['1e3', undefined],
  ['no-such-user', undefined],
];
for (const [user, uid] of users) {
  test(`I-15 --user ${user}`, () => {
    const ran = engine.berth(['run', '--rm', `--user=${user}`, 'busybox', 'id', '-u']);
    if (uid === undefined) assert.notEqual(ran.code, 0, ran.stdout);
    else assert.equal(ran.stdout.trim(), uid, ran.stderr);
  });
}

test('I-15 the primary group is among the supplementary ones', () =>
  assert.match(output(['-u', '1000:2000', '--group-add', '3000'], 'id', '-G'), /^2000 3000\n$/));

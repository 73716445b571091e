import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { HostConfig } from '../../api/index.ts';
import { withDefaults } from '../host-config.ts';
import { parseSecurityOptions } from '../security-options.ts';
import { buildSpec, environment, type SpecInput } from './build-spec.ts';
import { CAPABILITIES, DEFAULT_CAPABILITIES, effectiveCapabilities } from './capabilities.ts';
import { parseDeviceRule } from './devices.ts';
import { customSeccomp, defaultSeccomp } from './seccomp.ts';
import { checkSysctls } from './sysctls.ts';
import { resolveUser } from './user.ts';

const available = [...CAPABILITIES];
const pick = (add: string[], drop: string[] = [], isPrivileged = false): string[] =>
  effectiveCapabilities({ add, drop, isPrivileged, available });

test('capabilities: the default is a80425fb, add and drop as Docker', () => {
  const mask = (names: string[]): string =>
    names.reduce((bits, name) => bits | (1n << BigInt(CAPABILITIES.indexOf(name))), 0n).toString(16);
  assert.equal(mask(pick([])), 'a80425fb');
  assert.equal(pick(['ALL']).length, 41);
  assert.equal(pick(['all'], ['chown']).length, 40);
  assert.deepEqual(pick(['NET_ADMIN'], ['ALL']), ['CAP_NET_ADMIN']);
  assert.deepEqual(pick(['cap_chown'], ['ALL']), ['CAP_CHOWN']);
  assert.deepEqual(
    pick([], ['MKNOD']),
    DEFAULT_CAPABILITIES.filter((name) => name !== 'CAP_MKNOD'),
  );
  assert.deepEqual(pick([], [], true), available);
  assert.throws(() => pick(['FOO']), { message: 'invalid CapAdd: unknown capability: "CAP_FOO"' });
  assert.throws(() => pick([], ['FOO']), { message: 'invalid CapDrop: unknown capability: "CAP_FOO"' });
  for (const name of CAPABILITIES) {
    assert.equal(pick([name]).includes(name), true);
    assert.equal(pick([], [name]).includes(name), false);
  }
});

const PROFILE = new URL('../../../../shared/data/seccomp-default.json', import.meta.url);

test('the seccomp table resolves to the published profile', {
  skip: !existsSync(PROFILE) && `${PROFILE.pathname} is not here`,
}, () => {
  const json = readFileSync(PROFILE, 'utf8');
  const sets = [pick([]), pick(['SYS_ADMIN']), pick(['SYS_PTRACE']), pick([], ['SYS_CHROOT']), pick(['ALL'])];
  for (const architecture of ['amd64', 'arm64']) {
    for (const capabilities of sets) {
      const target = { architecture, kernelRelease: '6.18.44', capabilities };
      assert.deepEqual(flat(defaultSeccomp(target)), flat(customSeccomp(json, target)));
    }
  }
});

/** Order of rules and names says nothing. */
function flat(spec: ReturnType<typeof defaultSeccomp>): unknown {
  const rules = (spec.syscalls ?? []).flatMap(({ names, ...rule }) =>
    names.map((name) => JSON.stringify([name, rule])),
  );
  return { ...spec, syscalls: rules.sort() };
}

test('seccomp: what the caps and the kernel change', () => {
  const names = (capabilities: string[], kernelRelease = '6.1.0'): Set<string> =>
    new Set(
      (defaultSeccomp({ architecture: 'amd64', kernelRelease, capabilities }).syscalls ?? []).flatMap(
        (rule) => rule.names,
      ),
    );
  assert.equal(names([]).has('mount'), false);
  assert.equal(names(['CAP_SYS_ADMIN']).has('mount'), true);
  assert.equal(names([]).has('ptrace'), true);
  assert.equal(names([], '4.7.9').has('ptrace'), false);
  assert.equal(names([]).has('io_uring_setup'), false);
  const clone3 = defaultSeccomp({ architecture: 'amd64', kernelRelease: '6.1', capabilities: [] }).syscalls?.find(
    (rule) => rule.names.includes('clone3'),
  );
  assert.deepEqual(clone3, { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 });
});

test('seccomp: profiles that contradict themselves are refused', () => {
  const target = { architecture: 'amd64', kernelRelease: '6.1', capabilities: [] };
  const bad = [
    '{',
    '[]',
    '{"defaultAction":"X","architectures":["a"],"archMap":[{"architecture":"b","subArchitectures":null}]}',
    '{"defaultAction":"X","syscalls":[{"name":"a","names":["b"],"action":"X"}]}',
    '{"defaultAction":"X","listenerPath":"/run/x"}',
  ];
  for (const json of bad) assert.throws(() => customSeccomp(json, target), { code: 'bad-seccomp-profile' });
});

const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\nnode:x:1000:1000::/home/node:/bin/sh\n1001:x:5:5::/:/bin/sh\nbig:x:4294967296:0::/:\n';
const GROUP = 'root:x:0:\nnode:x:1000:\nwheel:x:10:root,node\naudio:x:11:node\n';

test('users: numbers before names, ranges, every group', () => {
  const of = (user: string, add: string[] = []): unknown => {
    const { uid, gid, additionalGids, home } = resolveUser(user, add, { passwd: PASSWD, group: GROUP });
    return [uid, gid, additionalGids, home];
  };
  assert.deepEqual(of(''), [0, 0, [0, 10], '/root']);
  assert.deepEqual(of('node'), [1000, 1000, [1000, 10, 11], '/home/node']);
  assert.deepEqual(of('1000'), [1000, 1000, [1000, 10, 11], '/home/node']);
  assert.deepEqual(of('1001'), [1001, 0, [0], '/']);
  assert.deepEqual(of('node:wheel'), [1000, 10, [10], '/home/node']);
  assert.deepEqual(of('7:8'), [7, 8, [8], '/']);
  assert.deepEqual(of('node', ['audio', '44']), [1000, 1000, [1000, 10, 11, 44], '/home/node']);
  for (const [user, message] of [
    ['nouser', 'unable to find user nouser: no matching entries in passwd file'],
    ['0x0', 'unable to find user 0x0: no matching entries in passwd file'],
    ['1e3', 'unable to find user 1e3: no matching entries in passwd file'],
    ['0:nogrp', 'unable to find group nogrp: no matching entries in group file'],
    ['4294967296', 'uids and gids must be in range 0-2147483647'],
    ['2147483648', 'uids and gids must be in range 0-2147483647'],
    ['-1', 'uids and gids must be in range 0-2147483647'],
    ['big', 'uids and gids must be in range 0-2147483647'],
  ] as const) {
    assert.throws(() => of(user), { message });
  }
  assert.deepEqual(resolveUser('', [], { passwd: '', group: '' }), { uid: 0, gid: 0, additionalGids: [0], home: '/' });
});

test("sysctls: only of the container's own namespaces", () => {
  const all = { isIpcPrivate: true, isNetPrivate: true, isUtsPrivate: true };
  const ok = (sysctls: Record<string, string>, scope = all): void => checkSysctls(sysctls, scope);
  ok({ 'net.core.somaxconn': '1024', 'kernel.shmmax': '1', 'fs.mqueue.msg_max': '5', 'kernel.sem': '1 2 3 4' });
  const bad: [string, string, typeof all][] = [
    ['kernel.core_pattern', '|/x', all],
    ['kernel.panic', '1', all],
    ['kernel.hostname', 'x', all],
    ['a', '1+kernel.core_pattern=|x', all],
    ['net.ipv4.x', '1\nkernel.core_pattern=x', all],
    ['net.ipv4.x+kernel.core_pattern', '1', all],
    ['net/../kernel/core_pattern', '1', all],
    ['net.ipv4.ip_forward', '1', { ...all, isNetPrivate: false }],
    ['kernel.shmmax', '1', { ...all, isIpcPrivate: false }],
  ];
  for (const [key, value, scope] of bad)
    assert.throws(() => ok({ [key]: value }, scope), { code: 'sysctl-not-allowed' });
});

test('device rules', () => {
  assert.deepEqual(parseDeviceRule('c 42:* rmw'), { allow: true, type: 'c', major: 42, access: 'rmw' });
  for (const bad of ['x 1:1 r', 'c 1:1', 'c 1:1 rwmx', 'c 1:1 r ']) assert.throws(() => parseDeviceRule(bad));
});

test('the environment: order, terminal, taking away, HOME', () => {
  assert.deepEqual(environment(['A=B', 'PATH=/bin'], true, 'h', '/root'), [
    'PATH=/bin',
    'HOSTNAME=h',
    'TERM=xterm',
    'A=B',
    'HOME=/root',
  ]);
  assert.deepEqual(environment(['HOME=/x', 'HOSTNAME'], false, 'h', '/root')[1], 'HOME=/x');
});

const input = (request: HostConfig, extra: Partial<SpecInput> = {}): SpecInput => ({
  id: 'f'.repeat(64),
  rootfs: '/root',
  hostname: 'h',
  domainname: '',
  hostConfig: withDefaults(request, {
    isCgroupV2: false,
    hasBlkioWeight: true,
    runtimeName: 'crun',
    logConfig: { type: 'json-file', options: {} },
  }),
  mounts: [],
  files: [{ destination: '/etc/hosts', source: '/c/hosts', readOnly: false }],
  shmSource: undefined,
  isCgroupWritable: false,
  process: { args: ['sh'], env: [], cwd: '/', user: { uid: 0, gid: 0, additionalGids: [0], home: '/' }, tty: false },
  namespaces: { pid: 'own', ipc: 'own', uts: 'own', cgroup: 'host', network: { path: '/ns' } },
  isNetworkOwn: true,
  security: parseSecurityOptions(request.SecurityOpt ?? []),
  facts: {
    architecture: 'amd64',
    kernelRelease: '6.18',
    isCgroupV2: false,
    capabilities: available,
    cpus: 2,
    onlineCpus: '0-1',
    onlineMems: '0',
    hasBlkioWeight: true,
  },
  defaults: { noNewPrivileges: false, seccompProfile: 'builtin', ulimits: [] },
  ...extra,
});

test('the default spec', () => {
  const spec = buildSpec(input({}));
  assert.deepEqual(
    spec.mounts.map((mount) => mount.destination),
    ['/proc', '/dev', '/dev/pts', '/sys', '/sys/fs/cgroup', '/dev/mqueue', '/dev/shm', '/etc/hosts'],
  );
  assert.deepEqual(spec.linux.namespaces, [
    { type: 'mount' },
    { type: 'network', path: '/ns' },
    { type: 'uts' },
    { type: 'pid' },
    { type: 'ipc' },
  ]);
  assert.equal(spec.linux.cgroupsPath, undefined);
  assert.equal(buildSpec(input({ CgroupParent: '/x' })).linux.cgroupsPath, `/x/${'f'.repeat(64)}/c`);
  assert.equal(spec.process.noNewPrivileges, false);
  assert.deepEqual(spec.linux.resources?.devices?.[0], { allow: false, access: 'rwm' });
  assert.equal(spec.process.capabilities?.inheritable, undefined);
  assert.equal(spec.process.capabilities?.ambient, undefined);
  assert.equal(spec.linux.maskedPaths?.includes('/proc/kcore'), true);
  assert.equal(spec.linux.seccomp?.defaultAction, 'SCMP_ACT_ERRNO');
});

test('privileged has exactly its extras', () => {
  const spec = buildSpec(input({ Privileged: true }, { isCgroupWritable: true }));
  assert.deepEqual(spec.linux.maskedPaths, []);
  assert.deepEqual(spec.linux.readonlyPaths, []);
  assert.equal(spec.linux.seccomp, undefined);
  assert.deepEqual(spec.linux.resources?.devices, [{ allow: true, access: 'rwm' }]);
  assert.equal(spec.mounts.find((mount) => mount.destination === '/sys')?.options?.includes('ro'), false);
  const all = buildSpec(input({ CapAdd: ['ALL'] }));
  assert.equal(all.process.capabilities?.bounding.length, 41);
  assert.equal(all.linux.maskedPaths?.length !== 0 && all.linux.seccomp !== undefined, true);
  const explicit = buildSpec(input({ Privileged: true, SecurityOpt: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'] }));
  assert.equal(explicit.linux.seccomp?.defaultAction, 'SCMP_ACT_ALLOW');
});

test('whatever is asked, /dev is a mount', () => {
  const requests: HostConfig[] = [
    {},
    { Privileged: true },
    { IpcMode: 'none' },
    { Tmpfs: { '/dev': '' } },
    { ReadonlyRootfs: true },
  ];
  for (const request of requests) {
    assert.equal(
      buildSpec(input(request)).mounts.some((mount) => mount.destination === '/dev'),
      true,
    );
  }
  const own = buildSpec(input({ Tmpfs: { '/dev': '' } })).mounts.map((mount) => mount.destination);
  assert.equal(own.includes('/dev/pts'), false);
  assert.equal(
    buildSpec(input({ IpcMode: 'none' })).mounts.some((mount) => mount.destination === '/dev/shm'),
    false,
  );
});

test('limits reach the spec', () => {
  const { resources } = buildSpec(
    input({ Memory: 64e6, NanoCpus: 5e8, PidsLimit: 100, CpuShares: 512, OomKillDisable: true }),
  ).linux;
  assert.deepEqual(resources?.memory, { limit: 64e6, swap: 128e6, disableOOMKiller: true });
  assert.deepEqual(resources?.cpu, { shares: 512, quota: 50_000, period: 100_000 });
  assert.deepEqual(resources?.pids, { limit: 100 });
  const limited = buildSpec(input({ Ulimits: [{ Name: 'nofile', Soft: 10, Hard: 20 }] }));
  assert.deepEqual(limited.process.rlimits, [{ type: 'RLIMIT_NOFILE', soft: 10, hard: 20 }]);
});

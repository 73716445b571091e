import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContainerCreateRequest, HostConfig } from '../../api/index.ts';
import { CAPABILITIES } from '../spec/capabilities.ts';
import { parseCpuList } from './cpu-list.ts';
import { checkRequest } from './request.ts';

const context = {
  limits: { cpus: 2, onlineCpus: '0-1', onlineMems: '0', hasBlkioWeight: true, isCgroupV2: false },
  runtimeName: 'crun',
  available: CAPABILITIES,
};
const check = (request: ContainerCreateRequest): string[] => checkRequest(request, context);
const host = (HostConfig: HostConfig): ContainerCreateRequest => ({ HostConfig });

test("refusals, in Docker's words", () => {
  const cases: [ContainerCreateRequest, string][] = [
    [host({ Memory: 5 * 2 ** 20 }), 'Minimum memory limit allowed is 6MB'],
    [
      host({ Memory: 64e6, MemorySwap: 32e6 }),
      'Minimum memoryswap limit should be larger than memory limit, see usage',
    ],
    [host({ MemorySwap: 32e6 }), 'You should always set the Memory limit when using Memoryswap limit, see usage'],
    [host({ NanoCpus: 100e9 }), 'range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available'],
    [host({ NanoCpus: 1e9, CpuQuota: 1000 }), 'Conflicting options: Nano CPUs and CPU Quota cannot both be set'],
    [host({ CpuPeriod: 10 }), 'CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)'],
    [host({ CpuQuota: 10 }), 'CPU cfs quota can not be less than 1ms (i.e. 1000)'],
    [host({ CpuShares: -1 }), 'invalid CPU shares (-1): value must be a positive integer'],
    [host({ CpusetCpus: '0-9' }), 'Requested CPUs are not available - requested 0-9, available: 0-1'],
    [host({ CpusetCpus: 'x' }), 'Invalid value x for cpuset cpus: invalid format: x'],
    [host({ OomScoreAdj: 2000 }), 'Invalid value 2000, range for oom score adj is [-1000, 1000]'],
    [
      host({ Memory: 64e6, MemoryReservation: 128e6 }),
      'Minimum memory limit can not be less than memory reservation limit, see usage',
    ],
    [host({ MemoryReservation: 1e6 }), 'Minimum memory reservation allowed is 6MB'],
    [host({ MemorySwappiness: 101 }), 'Invalid value: 101, valid memory swappiness range is 0-100'],
    [host({ ShmSize: -1 }), 'SHM size can not be less than 0'],
    [host({ Memory: 2 ** 53 + 2 }), 'invalid value for HostConfig.Memory: must be an integer below 2^53'],
    [host({ Memory: 1.5e7 + 0.5 }), 'invalid value for HostConfig.Memory: must be an integer below 2^53'],
    [host({ CapAdd: ['FOO'] }), 'invalid CapAdd: unknown capability: "CAP_FOO"'],
    [host({ IpcMode: 'bogus' }), 'invalid IPC mode: bogus'],
    [host({ PidMode: 'bogus' }), 'invalid PID mode: bogus'],
    [host({ UTSMode: 'bogus' }), 'invalid UTS mode: bogus'],
    [host({ CgroupnsMode: 'bogus' as 'host' }), 'invalid cgroup namespace mode: bogus'],
    [host({ Isolation: 'foo' as '' }), "invalid isolation (foo): linux only supports 'default'"],
    [host({ Runtime: 'foo' }), 'unknown or invalid runtime name: foo'],
    [{ Hostname: 'x', ...host({ UTSMode: 'host' }) }, 'conflicting options: hostname and the UTS mode'],
    [
      { Hostname: 'x', ...host({ NetworkMode: 'container:foo' }) },
      'conflicting options: hostname and the network mode',
    ],
    [host({ SecurityOpt: ['foo=bar'] }), 'invalid --security-opt 2: "foo=bar"'],
    [
      host({ RestartPolicy: { Name: 'bogus' as 'no' } }),
      "invalid restart policy: unknown policy 'bogus'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'",
    ],
    [
      host({ RestartPolicy: { Name: 'always', MaximumRetryCount: 3 } }),
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
    ],
    [
      host({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: -1 } }),
      'invalid restart policy: maximum retry count cannot be negative',
    ],
    [
      host({ RestartPolicy: { Name: 'always' }, AutoRemove: true }),
      "can't create 'AutoRemove' container with restart policy",
    ],
    [host({ PortBindings: { '99999/tcp': [] } }), 'invalid port specification: "99999"'],
    [host({ PortBindings: { '80/tcp': [{ HostPort: '99999' }] } }), 'invalid port specification: "99999"'],
    [host({ ExtraHosts: ['foo'] }), 'bad format for add-host: "foo"'],
    [host({ Sysctls: { 'kernel.panic': '1' } }), "sysctl 'kernel.panic=1' is not allowed"],
    [host({ DeviceCgroupRules: ['bogus'] }), "invalid device cgroup rule format: 'bogus'"],
    [{ WorkingDir: 'rel' }, "the working directory 'rel' is invalid, it needs to be an absolute path"],
    [{ Env: ['=x'] }, 'invalid environment variable: =x'],
    [{ StopSignal: 'FOO' }, 'invalid signal: FOO'],
    [{ Healthcheck: { Interval: 1 } }, 'Interval in Healthcheck cannot be less than 1ms'],
    [{ Healthcheck: { Retries: -1 } }, 'Retries in Healthcheck cannot be negative'],
  ];
  for (const [request, message] of cases) assert.throws(() => check(request), { message });
});

test('what is not built is refused by name', () => {
  const cases: [ContainerCreateRequest, RegExp][] = [
    [host({ DeviceRequests: [{ Count: -1 }] }), /HostConfig\.DeviceRequests/],
    [host({ IOMaximumIOps: 1 }), /HostConfig\.IOMaximumIOps/],
    [{ Healthcheck: { Test: ['CMD', 'true'] } }, /Healthcheck/],
    [host({ Annotations: { 'run.oci.hooks.stdout': '/etc/x' } }), /Annotations/],
  ];
  for (const [request, pattern] of cases)
    assert.throws(() => check(request), { kind: 'not-implemented', message: pattern });
});

test('what is fine, with its warnings', () => {
  assert.deepEqual(
    check({ Healthcheck: { Test: ['NONE'] }, ...host({ CpusetCpus: '0,1', Sysctls: { 'net.core.somaxconn': '5' } }) }),
    [],
  );
  assert.deepEqual(check(host({ NetworkMode: 'host', PortBindings: { '80/tcp': [{ HostPort: '9' }] } })), [
    'Published ports are discarded when using host network mode',
  ]);
});

test('cpu lists', () => {
  assert.deepEqual([...(parseCpuList('0-2,7') ?? [])], [0, 1, 2, 7]);
  for (const bad of ['', 'x', '2-1', '0-', '0-99999', '-1']) assert.equal(parseCpuList(bad), undefined);
});

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { messageOf } from '../../../errors/index.ts';
import { parseFlags } from '../../flags/parse.ts';
import { createFlags } from './create-flags.ts';
import { createRequest } from './create-request.ts';

interface Captured {
  args: string[];
  request: { url: string; body: Record<string, unknown> };
}

// What docker 28.5's own client sent for these arguments, captured on a socket.
const captured = JSON.parse(
  readFileSync(join(import.meta.dirname, 'testdata/create-requests.json'), 'utf8'),
) as Captured[];

before(() => process.chdir(import.meta.dirname));

/** Without what says nothing: null, "", 0, false, empty lists and maps, and docker's two ways to say "not set". */
function meaning(value: unknown, key = ''): unknown {
  if (value === null || value === '' || value === 0 || value === false || value === undefined) return undefined;
  if (key === 'MemorySwappiness' && value === -1) return undefined;
  if (key === 'ConsoleSize') return undefined;
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((one) => meaning(one) ?? one);
  if (typeof value !== 'object') return value;
  const entries = Object.entries(value)
    .map(([name, one]) => [name, keepsEmpty(key) ? (meaning(one, name) ?? {}) : meaning(one, name)] as const)
    .filter(([, one]) => one !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
/** Maps whose keys count, whatever their values. */
const keepsEmpty = (key: string): boolean =>
  ['ExposedPorts', 'Volumes', 'Labels', 'Tmpfs', 'EndpointsConfig'].includes(key);

const request = (args: readonly string[]): unknown => {
  const { flags, args: rest } = parseFlags(createFlags, args, { stopAtFirstArg: true });
  return createRequest(flags, rest, { env: { HOME: '/root' }, isDetached: false });
};

for (const { args, request: expected } of captured)
  test(`create ${args.join(' ')}`, () => assert.deepEqual(meaning(request(args)), meaning(expected.body)));

test('create: a relative source becomes absolute', () => {
  const { HostConfig } = request(['-v', './rel:/d', 'x']) as { HostConfig: { Binds: string[] } };
  assert.deepEqual(HostConfig.Binds, [join(import.meta.dirname, 'rel:/d')]);
});

const refused: [args: string[], message: string][] = [
  [['-p', '80:x'], 'Invalid containerPort: x'],
  [['-p', 'x:80'], 'Invalid hostPort: x'],
  [['-p', '1.2.3:80:80'], 'Invalid ip address: 1.2.3'],
  [['-p', '80/foo'], 'Invalid proto: foo'],
  [['-p', '8000-8002:80-81'], 'Invalid ranges specified for container and host Ports: 80-81 and 8000-8002'],
  [['-p', ''], 'No port specified: <empty>'],
  [['-p', '70000'], 'Invalid containerPort: 70000'],
  [['--expose', 'x'], 'invalid range format for --expose: x, error: strconv.ParseUint: parsing "x": invalid syntax'],
  [['--expose', '80:80'], 'invalid port format for --expose: 80:80'],
  [['-v', ''], 'invalid empty volume spec'],
  [['--mount', 'type=bind'], 'invalid argument "type=bind" for "--mount" flag: target is required'],
  [['--mount', ''], 'invalid argument "" for "--mount" flag: EOF'],
  [['--mount', 'foo'], `invalid argument "foo" for "--mount" flag: invalid field 'foo' must be a key=value pair`],
  [['--mount', 'a=b,dst=/x'], `invalid argument "a=b,dst=/x" for "--mount" flag: unexpected key 'a' in 'a=b'`],
  [
    ['--mount', 'type=tmpfs,dst=/x,volume-nocopy'],
    `invalid argument "type=tmpfs,dst=/x,volume-nocopy" for "--mount" flag: cannot mix 'volume-*' options with mount type 'tmpfs'`,
  ],
  [['--ulimit', 'nope=1'], 'invalid argument "nope=1" for "--ulimit" flag: invalid ulimit type: nope'],
  [
    ['--ulimit', 'nofile=2:1'],
    'invalid argument "nofile=2:1" for "--ulimit" flag: ulimit soft limit must be less than or equal to hard limit: 2 > 1',
  ],
  [['-m', 'x'], `invalid argument "x" for "-m, --memory" flag: invalid size: 'x'`],
  [['--cpus', 'x'], 'invalid argument "x" for "--cpus" flag: failed to parse x as a rational number'],
  [['-e', '=a'], 'invalid argument "=a" for "-e, --env" flag: invalid environment variable: =a'],
  [['--env-file', '/nope'], 'open /nope: no such file or directory'],
  [['--add-host', 'foo'], 'invalid argument "foo" for "--add-host" flag: bad format for add-host: "foo"'],
  [['--dns', 'x'], 'invalid argument "x" for "--dns" flag: IP address is not correctly formatted: x'],
  [['--sysctl', 'nope'], `invalid argument "nope" for "--sysctl" flag: sysctl 'nope' is not allowed`],
  [['--pid', 'nope'], '--pid: invalid PID mode'],
  [['--device', '/dev/null:/x:zz'], 'bad mode specified: zz'],
  [['--security-opt', 'nope'], 'Invalid --security-opt: "nope"'],
  [['--rm', '--restart', 'always'], 'conflicting options: cannot specify both --restart and --rm'],
  [['--health-cmd', 'x', '--no-healthcheck'], '--no-healthcheck conflicts with --health-* options'],
  [['--health-interval', '-5s'], '--health-interval cannot be negative'],
];
for (const [args, message] of refused) {
  test(`create ${args.join(' ')} is refused`, () => {
    let said: string | undefined;
    try {
      request([...args, 'x']);
    } catch (error) {
      said = messageOf(error);
    }
    assert.equal(said, message);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mergeConfig } from './config.ts';
import { parseConfigText } from './parse-config-file.ts';
import { parseFlags } from './parse-flags.ts';

const refuse = (why: string): Error => new Error(why);
const file = (value: object | string): Map<string, unknown> =>
  parseConfigText(typeof value === 'string' ? value : JSON.stringify(value), refuse);

test('flags are read in all of pflag’s spellings', () => {
  const given = parseFlags([
    '-H',
    'unix:///a',
    '-H=tcp://b',
    '-Hfd://',
    '--host=unix:///c',
    '-D',
    '--live-restore=false',
  ]);
  assert.deepEqual(given.get('hosts'), ['unix:///a', 'tcp://b', 'fd://', 'unix:///c']);
  assert.equal(given.get('debug'), true);
  assert.equal(given.get('live-restore'), false);
  const more = parseFlags(['--log-opt', 'max-size=1m', '--log-opt=max-file=2', '--shutdown-timeout', '5']);
  assert.deepEqual(more.get('log-opts'), { 'max-size': '1m', 'max-file': '2' });
  assert.equal(more.get('shutdown-timeout'), 5);
});

test('wrong flags are refused', () => {
  const cases: [string[], RegExp][] = [
    [['--nope'], /^unknown flag: --nope$/],
    [['-x'], /^unknown flag: -x$/],
    [['-H'], /^flag needs an argument: -H$/],
    [['run'], /accepts no arguments: run/],
    [['-D=maybe'], /strconv\.ParseBool: parsing "maybe": invalid syntax/],
    [['--log-opt', 'x'], /must be formatted as key=value/],
    [['--shutdown-timeout=x'], /not a whole number/],
  ];
  for (const [argv, message] of cases) assert.throws(() => parseFlags(argv), { message }, argv.join(' '));
});

test('daemon.json: unknown keys, keys of Docker’s that are not honoured, wrong types', () => {
  const cases: [object | string, RegExp][] = [
    [{ foo: 1, bar: 2 }, /^the following directives don't match any configuration option: bar, foo$/],
    [{ 'userns-remap': 'default' }, /^the following directives are not supported yet by Berth: userns-remap$/],
    [{ debug: 'yes' }, /^debug: "yes" is not a boolean$/],
    [{ hosts: 'unix:///x' }, /^hosts: "unix:\/\/\/x" is not a list of strings$/],
    ['{', /^invalid JSON/],
    ['[]', /^it must hold one object$/],
  ];
  for (const [text, message] of cases) assert.throws(() => file(text), { message }, JSON.stringify(text));
  assert.throws(() => mergeConfig(new Map(), file({ builder: { 'host-ca': true, gc: {} } })), /builder\.gc/);
});

test('the two sources make one configuration, each setting from one of them', () => {
  const config = mergeConfig(
    parseFlags(['--exec-root', '/run/other/', '-D']),
    file({ 'data-root': '/d', labels: ['a=b'], builder: { 'host-ca': true }, 'log-opts': { 'max-size': '1m' } }),
  );
  assert.deepEqual(config.hosts, ['unix:///run/other/berth.sock']);
  assert.equal(config.dataRoot, '/d');
  assert.equal(config.execRoot, '/run/other');
  assert.equal(config.pidFile, '/run/other/berth.pid');
  assert.equal(config.logLevel, 'debug');
  assert.equal(config.isHostCa, true);
  assert.equal(config.isLiveRestore, true);
  assert.throws(() => mergeConfig(parseFlags(['-H', 'unix:///a']), file({ hosts: ['unix:///b'] })), {
    message:
      'the following directives are specified both as a flag and in the configuration file: hosts: (from flag: [unix:///a], from file: [unix:///b])',
  });
});

test('settings that make no sense are refused', () => {
  const cases: [string[], RegExp][] = [
    [['--data-root', 'rel'], /data-root must be an absolute path/],
    [['-l', 'loud'], /invalid logging level: loud/],
    [['--tlsverify', '--tlscert', '/c', '--tlskey', '/k'], /TLS needs --tlscacert/],
    [['--label', 'x'], /bad attribute format: x/],
  ];
  for (const [argv, message] of cases)
    assert.throws(() => mergeConfig(parseFlags(argv), new Map()), { message }, argv[0]);
});

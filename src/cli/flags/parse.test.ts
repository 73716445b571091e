import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseFlags } from './parse.ts';
import { flagTable } from './spec.ts';

const table = flagTable({
  detach: { type: 'bool', short: 'd', description: '' },
  interactive: { type: 'bool', short: 'i', description: '' },
  tty: { type: 'bool', short: 't', description: '' },
  publish: { type: 'list', short: 'p', description: '' },
  name: { type: 'string', description: '' },
  'sig-proxy': { type: 'bool', default: true, description: '' },
  time: { type: 'int', short: 't2'.slice(1), description: '' },
});

const accepted: [string, string[], Record<string, unknown>, string[]][] = [
  [
    'grouped shorthands with a value',
    ['-itp', '80:80', 'img'],
    { interactive: true, tty: true, publish: ['80:80'] },
    ['img'],
  ],
  ['a value stuck to its shorthand', ['-p80:80'], { publish: ['80:80'] }, []],
  ['= behind a shorthand', ['-d=false', '-p=1:1'], { detach: false, publish: ['1:1'] }, []],
  ['= behind a long name', ['--name=a=b', '--sig-proxy=false'], { name: 'a=b', 'sig-proxy': false }, []],
  ['a list keeps its order', ['-p', '1', '--publish', '2', '-p3'], { publish: ['1', '2', '3'] }, []],
  ['flags between arguments', ['a', '-d', 'b'], { detach: true }, ['a', 'b']],
  ['-- ends the flags', ['-d', '--', '-i', '--x'], { detach: true, interactive: false }, ['-i', '--x']],
  ['a lone dash is an argument', ['-'], {}, ['-']],
  ['a value may look like a flag', ['--name', '-d'], { name: '-d', detach: false }, []],
  ['an integer', ['-2', '-7'], { time: -7 }, []],
];
for (const [what, argv, expected, args] of accepted) {
  test(`flags: ${what}`, () => {
    const parsed = parseFlags(table, argv);
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(parsed.flags[name as keyof typeof table], value);
    assert.deepEqual(parsed.args, args);
  });
}

test('flags: the command of `run` keeps its own flags', () => {
  const { flags, args } = parseFlags(table, ['-d', 'img', 'sh', '-c', 'x'], { stopAtFirstArg: true });
  assert.equal(flags.detach, true);
  assert.deepEqual(args, ['img', 'sh', '-c', 'x']);
});

const refused: [string[], string][] = [
  [['--nope'], 'unknown flag: --nope'],
  [['-x'], "unknown shorthand flag: 'x' in -x"],
  [['-dx'], "unknown shorthand flag: 'x' in -x"],
  [['--name'], 'flag needs an argument: --name'],
  [['-p'], "flag needs an argument: 'p' in -p"],
  [['--=x'], 'bad flag syntax: --=x'],
  [
    ['-d=maybe'],
    'invalid argument "maybe" for "-d, --detach" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  [['--time', 'x'], 'invalid argument "x" for "-2, --time" flag: strconv.ParseInt: parsing "x": invalid syntax'],
  [['--__proto__'], 'unknown flag: --__proto__'],
];
for (const [argv, message] of refused) {
  test(`flags: ${argv.join(' ')} is refused`, () => assert.throws(() => parseFlags(table, argv), { message }));
}
